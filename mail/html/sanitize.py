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

from mail import clean
from mail.html import links, nesting, page, style, style_rules
from mail.html.allowed import ANYWHERE, INSTEAD, LANGUAGE, MADE, PLAIN, TAGS
from mail.html.dark import Dark
from mail.html.style_cascade import Cascade, Style
from mail.html.style_sheet import Sheet
from mail.html.tokens import End, Start, Text, style_elements, tokens

MAX_DOCUMENT: Final = 2_000_000
MAX_OUTPUT: Final = 1_500_000
MAX_INLINE_IMAGE: Final = 100_000
# A browser lays out twenty thousand links without a break between them for seconds.
MAX_LINKS: Final = 5_000
# The second stage takes a time that grows with the square of how many "&" and no-break spaces one text has: it gets
# long texts in pieces. A comment between them is nothing.
MAX_TEXT: Final = 4_000
REL: Final = "noopener noreferrer nofollow"

_TEXT_BREAK: Final = "<!---->"
_UNFINISHED: Final = re.compile(r"(?:&[a-z]{0,3}|<[!-]{0,5})\Z")
# Colours of text or ground in what this module wrote: in an element's attributes, or in the sheet in front.
_COLOURS: Final = re.compile(
    r"""(?:<[a-z0-9]+[^<>]*["; ](?:(?:background-)?color:|(?:bg)?color=")
    |<style>@layer\ mail[^<]*[{;](?:background-)?color:)
    (?!(?:transparent|inherit|initial|unset|revert|currentcolor|windowtext)\b)""",
    re.VERBOSE | re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"<style>.*?</style>|<[^>]*>", re.DOTALL)
_DATA_IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=%\s]+", re.IGNORECASE)

# Attributes whose values the first stage makes: the second one keeps no others.
_GENERATED: Final = ("class", "href", "src", "style", "title")

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
    dark: bool = True,
) -> Sanitised:
    """Make a document of HTML mail harmless.

    `images` says what becomes of remote images: blocked, or a function from their URL to the one to load instead.
    `cid` gives the URL of an inline part by its Content-ID (RFC 2392), `mailto` the one to follow instead of a mailto:
    one, None for no link at all. The URLs these return are trusted. Pictures and links of the origins `without`
    (https://mail.example.com) lead nowhere.

    With `notes` it is for reading: links show where they lead and warn when that is odd, and a style element of ours
    goes in front, about classes of ours. Without them it is for sending on: styles are in style attributes, where every
    mail program honours them, and what they hide isn't there. Dark rules of the letter's own are kept where all of its
    words can be read by them, and `dark` says that it may be dark.

    Never raises; takes time linear in the document, of which at most 2,000,000 characters are read.
    """
    rewriter = _Rewriter(images, cid, mailto, notes, without, dark=dark)
    rough = "".join(rewriter.run(document[:MAX_DOCUMENT]))
    return Sanitised(
        html=rewriter.sheet_html() + _enforce(rough, rewriter.made),
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
        return value if attribute not in _GENERATED or value in made[attribute] else None

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
    return allowed | {"*": {"class", "style", *ANYWHERE}}


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
        self,
        images: Images,
        cid: ContentIds | None,
        mailto: Mailto,
        notes: bool,
        without: Collection[str],
        *,
        dark: bool,
    ) -> None:
        self._images = images
        self._cid = cid
        self._mailto = mailto
        self._notes = notes
        self._without = tuple(f"{origin}/" for origin in without)
        self._out: list[str] = []
        self._size = 0
        self._anchor: _Anchor | None = None
        self._links = 0
        self._sheet: Sheet | None = None
        self._dark = Dark() if notes and dark else None
        self._no_body = False  # it has nothing to say, so there is no <div> for it
        self.made: dict[str, set[str]] = {name: set() for name in _GENERATED}
        self.content_ids: set[str] = set()
        self.warnings = 0
        self.truncated = False

    def sheet_html(self) -> str:
        return self._sheet.html(dark=bool(self._dark and self._dark.is_legible)) if self._sheet else ""

    def run(self, document: str) -> list[str]:
        self._sheet = Sheet(document) if self._notes else None
        nester = nesting.Nester(TAGS | INSTEAD.keys())
        nested = nester.run(_with_one_body(tokens(document)))
        cascade = Cascade(style_elements(document))
        self._dark = self._dark if cascade.has_dark_rules else None
        for token, found in cascade.run(nested, hidden=self._notes):
            if self._dark:
                self._dark.take(token, found)
            if isinstance(token, End):
                self._end(token.name)
                continue
            if self._size > MAX_OUTPUT:  # only end tags are still written
                self.truncated = True
            elif isinstance(token, Text):
                self._text(token.text)
            else:
                self._start(token, found)
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
        cleaned = clean.body(text[:room])
        pieces = (cleaned[at : at + MAX_TEXT] for at in range(0, len(cleaned), MAX_TEXT))
        escaped = _TEXT_BREAK.join(text_html.escape(piece, quote=False) for piece in pieces)
        if len(escaped) > room or len(text) > room:
            self.truncated = True
            escaped = _UNFINISHED.sub("", escaped[:room])
        self._write(escaped)

    def _start(self, tag: Start, found: Style) -> None:
        attributes = "".join(self._attributes(tag, found))
        if tag.name == "a":
            self._anchor = _Anchor(len(self._out), tag.attributes.get("href", ""), attributes)
            self._write("<a>")
        elif tag.name == "body" and not attributes:
            self._no_body = True
        else:
            self._write(f"<{INSTEAD.get(tag.name, tag.name)}{attributes}>")

    def _end(self, name: str) -> None:
        if name == "a" and self._anchor:
            self._finish_link(self._anchor)
            self._anchor = None
        elif name != "body" or not self._no_body:
            self._write(f"</{INSTEAD.get(name, name)}>")

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

    def _attributes(self, tag: Start, found: Style) -> Iterator[str]:
        given, plain = tag.attributes, PLAIN.get(tag.name, {})
        for name, value in given.items():
            form = plain.get(name) or ANYWHERE.get(name)
            if form and form.fullmatch(value := value.strip()):
                yield _attribute(name, value)
        # The page around it looks for a ground of the whole body in its style attribute.
        apart = self._sheet if tag.name != "body" or found.varies() else None
        class_, style_ = apart.split(found) if apart else ("", found.inline())
        if class_:
            yield self._made("class", class_)
        if style_:
            yield self._made("style", style_)
        if tag.name == "img":
            if src := self._source(given.get("src", "")):
                yield self._made("src", src)
            yield _attribute("alt", clean.one_line(given.get("alt", "")[:500]))
        if tag.name == "abbr" and (title := clean.one_line(given.get("title", "")[:200])):
            yield self._made("title", title)

    def _made(self, name: str, value: str) -> str:
        self.made[name].add(value)
        return _attribute(name, value)

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


def _with_one_body(stream: Iterable[Text | Start | End]) -> Iterator[Text | Start | End]:
    """The first <body> holds all that follows, with its colours: newsletters put their background there."""
    inside = False
    for token in stream:
        if isinstance(token, Start) and token.name == "body":
            background = style.colour(token.attributes.get("bgcolor", ""))
            kept = (f"background-color:{background}" if background else "", token.attributes.get("style", ""))
            if not inside:
                inside = True
                yield Start("body", token.attributes | {"style": ";".join(filter(None, kept))})
        elif not (isinstance(token, End) and token.name == "body"):
            yield token


def _attribute(name: str, value: str) -> str:
    return f' {name}="{text_html.escape(value)}"'


def document(fragment: str, lang: str = "") -> str:
    """A whole page around a sanitised fragment, for a frame of its own.

    Text without colours of its own, and mail that is made for both schemes, follows the system's. The rest was written
    for paper-white and half of it would be unreadable elsewhere: it stays light, on a card where all else is dark. So
    do pictures without words, which may show words on nothing.
    """
    made_for_both = style_rules.DARK in fragment
    pictures_only = "<img" in fragment and not _MARKUP.sub("", fragment).strip()
    kind = "card" if pictures_only or (_COLOURS.search(fragment) and not made_for_both) else "plain"
    language = f' lang="{lang}"' if LANGUAGE.fullmatch(lang) else ""
    return page.PAGE.format(lang=language, kind=kind, fragment=fragment)
