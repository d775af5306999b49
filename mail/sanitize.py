"""HTML mail made harmless. The last step: nothing may touch the text after it.

Two stages, and the second trusts nothing but its own lists. The first rewrites the document: well-nested, bounded,
every attribute value made anew from what was understood. The second, nh3 (the HTML Standard's parsing algorithm),
parses the outcome, keeps the elements and attributes named here, and drops every URL, style and title that the first
stage didn't write itself.
"""

import html as text_html
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

import nh3

from mail import clean, html_nesting, links, style
from mail.html_allowed import ANYWHERE, LANGUAGE, MADE, PLAIN, TAGS
from mail.html_tokens import End, Start, Text, tokens

MAX_DOCUMENT: Final = 2_000_000
MAX_OUTPUT: Final = 1_500_000
MAX_STYLES: Final = 600_000
MAX_INLINE_IMAGE: Final = 100_000
# A browser lays out twenty thousand links without a break between them for seconds.
MAX_LINKS: Final = 5_000
REL: Final = "noopener noreferrer nofollow"

_DATA_IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=%\s]+", re.IGNORECASE)

Images = Literal["blocked"] | Callable[[str], str | None]
ContentIds = Callable[[str], str | None]
Mailto = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Sanitised:
    """A fragment of HTML that is safe in any document, and what was found on the way.

    `content_ids` are the parts the message shows in its text. `warnings` is the number of links whose text and target
    disagree or whose target is odd: each carries a visible note. `truncated` says that the document was longer than
    what is shown.
    """

    html: str
    content_ids: frozenset[str] = frozenset()
    warnings: int = 0
    truncated: bool = False


def html(
    document: str,
    *,
    images: Images = "blocked",
    cid: ContentIds | None = None,
    mailto: Mailto = str,
    notes: bool = True,
    without: Collection[str] = (),
) -> Sanitised:
    """Make a document of HTML mail harmless.

    `images` says what becomes of remote images: blocked, or a function from their URL to the one to load instead.
    `cid` gives the URL of an inline part by its Content-ID (RFC 2392), `mailto` the one to follow instead of a mailto:
    one, None for no link at all. The URLs these return are trusted. With
    `notes` links show where they lead and warn when that is odd; text that is to be sent on goes without. Pictures and
    links of the origins `without` (https://mail.example.com) lead nowhere. Never raises; takes time linear in the
    document, of which at most 2,000,000 characters are read.
    """
    rewriter = _Rewriter(images, cid, mailto, notes, without)
    rough = "".join(rewriter.run(document[:MAX_DOCUMENT]))
    return Sanitised(
        html=_enforce(rough, rewriter.made),
        content_ids=frozenset(rewriter.content_ids),
        warnings=rewriter.warnings,
        truncated=rewriter.truncated or len(document) > MAX_DOCUMENT,
    )


def has_remote_images(document: str) -> bool:
    """Whether `html` would show more if remote images were let through. Stops at the first one."""
    return any(
        isinstance(token, Start) and token.name == "img" and links.web_url(token.attributes.get("src", "").strip())
        for token in tokens(document[:MAX_DOCUMENT])
    )


def _enforce(rough: str, made: dict[str, set[str]]) -> str:
    def keep(_tag: str, attribute: str, value: str) -> str | None:
        return value if attribute not in made or value in made[attribute] else None

    return nh3.clean(
        rough,
        tags=set(TAGS),
        clean_content_tags=set(),
        attributes=_allowed_attributes(),
        attribute_filter=keep,
        strip_comments=True,
        link_rel=REL,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "tel", "data", "cid"},
    )


@lru_cache(maxsize=1)
def _allowed_attributes() -> dict[str, set[str]]:
    allowed = {tag: set(PLAIN.get(tag, {})) | set(MADE.get(tag, set())) for tag in TAGS}
    return allowed | {"*": {"style", *ANYWHERE}}


@dataclass
class _Anchor:
    """A link whose text is still being read; its opening tag is written once the text is known."""

    place: int
    href: str
    attributes: str
    text: list[str] = field(default_factory=list)
    length: int = 0


class _Rewriter:
    """The first stage: tokens to well-nested tags with attributes written anew."""

    def __init__(
        self, images: Images, cid: ContentIds | None, mailto: Mailto, notes: bool, without: Collection[str]
    ) -> None:
        self._images = images
        self._cid = cid
        self._mailto = mailto
        self._notes = notes
        self._without = tuple(f"{origin}/" for origin in without)
        self._out: list[str] = []
        self._size = 0
        self._anchor: _Anchor | None = None
        self._styles = self._links = 0
        self._style_cache: dict[str, str] = {}
        self.made: dict[str, set[str]] = {"href": set(), "src": set(), "style": set(), "title": set()}
        self.content_ids: set[str] = set()
        self.warnings = 0
        self.truncated = False

    def run(self, document: str) -> list[str]:
        nester = html_nesting.Nester(TAGS)
        for token in nester.run(_as_fragment(tokens(document))):
            if isinstance(token, End):
                self._end(token.name)
                continue
            if self._size > MAX_OUTPUT:  # only end tags are still written
                self.truncated = True
            elif isinstance(token, Text):
                self._text(token.text)
            else:
                self._start(token)
        self.truncated = self.truncated or nester.truncated
        return self._out

    def _write(self, piece: str) -> None:
        self._out.append(piece)
        self._size += len(piece)

    def _text(self, text: str) -> None:
        if self._anchor and self._anchor.length < 300:
            self._anchor.text.append(text[:300])
            self._anchor.length += len(text)
        room = max(0, MAX_OUTPUT - self._size)
        escaped = text_html.escape(clean.body(text[:room]), quote=False)
        if len(escaped) > room or len(text) > room:
            self.truncated = True
            escaped = escaped[:room].rpartition("&")[0] if "&" in escaped[room - 8 : room] else escaped[:room]
        self._write(escaped)

    def _start(self, tag: Start) -> None:
        attributes = "".join(self._attributes(tag.name, tag.attributes))
        if tag.name == "a":
            self._anchor = _Anchor(len(self._out), tag.attributes.get("href", ""), attributes)
            self._write("<a>")
        else:
            self._write(f"<{tag.name}{attributes}>")

    def _end(self, name: str) -> None:
        if name == "a" and self._anchor:
            self._finish_link(self._anchor)
            self._anchor = None
        else:
            self._write(f"</{name}>")

    def _finish_link(self, anchor: _Anchor) -> None:
        link = links.judge(anchor.href, "".join(anchor.text)) if anchor.href else None
        made = anchor.attributes
        if link and not link.url.startswith(self._without):
            self._links += 1
            self.truncated = self.truncated or self._links > MAX_LINKS
            url = self._mailto(link.url) if link.url.startswith("mailto:") else link.url
            if url and self._links <= MAX_LINKS:
                made += self._made("href", url)
            if self._notes and (title := link.warning or link.host):
                made += self._made("title", title)
        self._out[anchor.place] = f"<a{made}>"
        self._size += len(made)
        self._write("</a>")
        if link and link.warning and self._notes:
            self.warnings += 1
            self._write(f" <small><b>[{text_html.escape(link.warning, quote=False)}]</b></small>")

    def _attributes(self, tag: str, given: dict[str, str]) -> Iterator[str]:
        plain = PLAIN.get(tag, {})
        for name, value in given.items():
            form = plain.get(name) or ANYWHERE.get(name)
            if form and form.fullmatch(value := value.strip()):
                yield _attribute(name, value)
        if "style" in given and (made := self._style(given["style"])):
            yield self._made("style", made)
        if tag == "img":
            if src := self._source(given.get("src", "")):
                yield self._made("src", src)
            yield _attribute("alt", clean.one_line(given.get("alt", "")[:500]))
        if tag == "abbr" and (title := clean.one_line(given.get("title", "")[:200])):
            yield self._made("title", title)

    def _made(self, name: str, value: str) -> str:
        self.made[name].add(value)
        return _attribute(name, value)

    def _style(self, given: str) -> str:
        """The cleaned style; equal ones are read once, and no more than 600,000 characters of them in all."""
        if given not in self._style_cache:
            self._styles += len(given)
            self._style_cache[given] = style.clean(given) if self._styles <= MAX_STYLES else ""
        return self._style_cache[given]

    def _source(self, src: str) -> str | None:
        src = src.strip()
        if src[:4].lower() == "cid:":
            content_id = clean.one_line(unquote(src[4:300])).strip("<> ")
            self.content_ids.add(content_id)
            return self._cid(content_id) if self._cid else None
        if src[:5].lower() == "data:":
            return src if len(src) <= MAX_INLINE_IMAGE and _DATA_IMAGE.fullmatch(src) else None
        found = links.web_url(src)
        if found is None or found[0].startswith(self._without):
            return None
        return None if self._images == "blocked" else self._images(found[0])


def _as_fragment(stream: Iterable[Text | Start | End]) -> Iterator[Text | Start | End]:
    """Turn the <body> into a <div> that keeps its colours: newsletters put their background there."""
    inside = False
    for token in stream:
        if isinstance(token, Start) and token.name == "body":
            background = style.colour(token.attributes.get("bgcolor", ""))
            kept = (f"background-color:{background}" if background else "", token.attributes.get("style", ""))
            css = ";".join(part for part in kept if part)
            if css and not inside:
                inside = True
                yield Start("div", {"style": css})
        elif not (isinstance(token, End) and token.name == "body"):
            yield token


def _attribute(name: str, value: str) -> str:
    return f' {name}="{text_html.escape(value)}"'


_PAGE: Final = """<!doctype html>
<html{lang}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Message</title>
<style>
:root {{ color-scheme: only light; }}
html {{ background: #fff; color: #1b1b1f; }}
body {{ margin: 0; padding: 16px 24px; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: break-word; }}
body:has(> div[style*="background"]:only-child, > table[width="100%"]:only-child) {{ padding: 0; }}
img {{ max-width: 100%; }}
img:not([src]) {{ background: #f1f1f4; outline: 1px dashed #c8c8d0; outline-offset: -1px; color: #6b6b76; }}
img:not([height]) {{ height: auto; }}
table {{ font-size: inherit; }}
pre {{ white-space: pre-wrap; font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }}
blockquote {{ margin: 8px 0 8px 2px; padding-left: 12px; border-left: 2px solid #d5d5dc; }}
a {{ color: #1a56c4; }}
p {{ max-width: 46em; }}
/* Every block begins where its own first word does. */
:is(p, div, li, td, th, dt, dd, pre, blockquote, h1, h2, h3, h4, h5, h6):not([dir]) {{ unicode-bidi: plaintext; }}
/* Mail that was laid out for a wide window: nothing in it may be wider than this one. */
@media (max-width: 480px) {{
  body {{ padding: 12px; overflow-wrap: anywhere; }}
  table, td, th, div, p {{ max-width: 100% !important; min-width: 0 !important; width: auto !important; }}
  /* Not in percent: in a table a cell is as wide as the picture wants to be. */
  img {{ max-width: calc(100vw - 48px) !important; height: auto !important; }}
  td:has(+ td) img, td + td img {{ max-width: 42vw !important; }}
  tr:has(> td:nth-child(3)) img {{ max-width: 26vw !important; }}
}}
</style>
</head>
<body dir="auto">
{fragment}
</body>
</html>
"""


def document(fragment: str, lang: str = "") -> str:
    """A whole page around a sanitised fragment, for a frame of its own.

    Light whatever the system prefers: mail is written for paper-white, and half of it would be unreadable otherwise.
    """
    language = f' lang="{lang}"' if LANGUAGE.fullmatch(lang) else ""
    return _PAGE.format(lang=language, fragment=fragment)
