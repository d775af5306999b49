"""The page around an HTML body in its frame, as data: how it looks where the mail itself says nothing."""

from typing import Final

# What the mail's own styles set goes before the first layer; by !important that one has the last word (CSS Cascade 5,
# section 6.4.3): nothing in the mail can be wider than a narrow window.
PAGE: Final = """<!doctype html>
<html{lang} class="{kind}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Message</title>
<style>
@layer page {{
:root {{ color-scheme: light dark; --paper: #fff; --ink: #1b1b1f; --dim: #6b6b76;
  --link: #1a56c4; --line: #d5d5dc; --empty: #f1f1f4; --edge: #c8c8d0; }}
html {{ background: var(--paper); color: var(--ink); }}
body {{ margin: 0; padding: 16px 24px; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: break-word; }}
/* One ground for all of it reaches to the edges, no words do. In front of it only the mail's own styles may stand. */
body:has(> :is(div[style*="background"], table[width="100%"]):last-child:is(:only-child, style:first-child + *)) {{
  padding: 0; }}
body > div[style*="background"]:last-child:is(:only-child, style:first-child + *) {{ padding: 16px 24px; }}
img {{ max-width: 100%; }}
img:not([src]) {{ background: var(--empty); outline: 1px dashed var(--edge); outline-offset: -1px; color: var(--dim); }}
img:not([src]):is([width="1"], [height="1"]) {{ outline: none; }}
img:not([height]) {{ height: auto; }}
/* A picture that can't be fetched says so after its alternative text: only that has an ::after, no picture has. Nobody
   misses those that only count readers. */
img[src]:not([width="0"], [width="1"], [height="0"], [height="1"])::after {{
  content: " (This picture couldn’t be fetched.)"; color: var(--dim); font: italic 13px system-ui, sans-serif; }}
table {{ font-size: inherit; }}
pre {{ white-space: pre-wrap; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
blockquote {{ margin: 8px 0 8px 2px; padding-left: 12px; border-left: 2px solid var(--line); }}
a {{ color: var(--link); }}
p {{ max-width: 46em; }}
/* Every block begins where its own first word does. */
:is(p, div, li, td, th, dt, dd, pre, blockquote, h1, h2, h3, h4, h5, h6):not([dir]) {{ unicode-bidi: plaintext; }}
.card {{ color-scheme: only light; }}
@media screen and (prefers-color-scheme: dark) {{
  .plain {{ --paper: #16181c; --ink: #e4e6ea; --dim: #a6abb5;
    --link: #a9c1f5; --line: #4a4e57; --empty: #25262b; --edge: #4a4e57; }}
  .card {{ background: #16181c; }}
  .card body {{ margin: 12px; min-width: min-content; border-radius: 10px; background: var(--paper); }}
  .card body > :is(div, table):last-child:is(:only-child, style:first-child + *) {{
    border-radius: 10px; overflow: clip; }}
}}
/* Mail that was laid out for a wide window: nothing in it may be wider than this one. */
@media (max-width: 480px) {{
  body, body > div[style*="background"]:last-child:is(:only-child, style:first-child + *) {{ padding: 12px 16px; }}
  body {{ overflow-wrap: anywhere; }}
  table, td, th, div, p {{ max-width: 100% !important; min-width: 0 !important; width: auto !important; }}
  /* Not in percent: in a table a cell is as wide as the picture wants to be. */
  img {{ max-width: calc(100vw - 48px) !important; height: auto !important; }}
  td:has(+ td) img, td + td img {{ max-width: 42vw !important; }}
  tr:has(> td:nth-child(3)) img {{ max-width: 26vw !important; }}
}}
}}
</style>
</head>
<body dir="auto">
{fragment}
</body>
</html>
"""
