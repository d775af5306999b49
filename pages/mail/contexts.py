"""What the templates are given: plain values with everything decided, nothing to look up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from mail.message.addresses import Address


@dataclass(frozen=True)
class AccessContext:
    """The mailbox in front of the person. `hue` is 0 to 11, or -1 for one's own mailbox."""

    address: str
    display_name: str
    kind: str
    label: str
    hue: int
    can_organise: bool
    can_send: bool
    from_line: str
    compose_url: str
    inbox_url: str


@dataclass(frozen=True)
class FolderLink:
    name: str
    token: str
    label: str
    role: str
    depth: int
    unread: int
    total: int
    url: str
    current: bool

    @property
    def full_label(self) -> str:
        """As it is told apart, outside the tree, from folders of the same name in other folders."""
        return self.label if self.role else self.name


@dataclass(frozen=True)
class SharedLink:
    address: str
    label: str
    url: str
    unread: int | None
    hue: int
    current: bool
    read_only: bool


@dataclass(frozen=True)
class Sidebar:
    folders: list[FolderLink]
    shared: list[SharedLink]
    own_url: str
    own_address: str
    own_unread: int | None
    refresh_url: str


class Row(NamedTuple):
    """A message of the list, everything of it cut to what a row has room for. `name` tells it apart from others."""

    ref: str
    url: str
    name: str
    who: str
    who_title: str
    subject: str
    preview: str
    when_iso: str
    when_text: str
    when_title: str
    seen: bool
    flagged: bool
    answered: bool
    draft: bool
    attachment: bool
    sent_by: str
    current: bool
    not_from_inside: bool


def place(page: int, search: str) -> dict[str, str]:
    """Which page of which search, as the query of a URL: what everything opened from a list carries on."""
    asked = {"q": search, "page": str(page) if page > 1 else ""}
    return {name: value for name, value in asked.items() if value}


def with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}?{urlencode(query)}" if query else url


@dataclass(frozen=True)
class Listing:
    """A page of a folder. `first` and `last` are positions counted from the newest, as people read them.

    `looked_through`: in how many of the newest messages at most a search found what HTML hides; 0 when it was in all.
    """

    folder: FolderLink
    base_url: str
    moves: list[FolderLink]
    is_trash: bool
    is_drafts: bool
    is_sent: bool
    is_junk: bool
    rows: list[Row] = field(default_factory=list)
    page: int = 1
    pages: int = 1
    total: int = 0
    first: int = 0
    last: int = 0
    search: str = ""
    prev_url: str | None = None
    next_url: str | None = None
    looked_through: int = 0

    @property
    def live(self) -> bool:
        """Whether new mail shows here: on the first page of the whole folder."""
        return self.page == 1 and not self.search

    @property
    def url(self) -> str:
        """Where exactly this page of this search is."""
        return with_query(self.base_url, place(self.page, self.search))


@dataclass(frozen=True)
class AttachmentLink:
    filename: str
    size_text: str
    type_label: str
    url: str
    open_url: str | None


@dataclass(frozen=True)
class TextRun:
    """Lines of a plain text that belong together, safe to stand in a page: the writer's own, or a quote."""

    quoted: bool
    folded: bool
    html: Markup


@dataclass(frozen=True)
class ShownText:
    """A text of a message: plain `runs`, or what is shown in a frame of its own, whose document is at `frame_url`.

    What is cut short has a `whole_url` to download all of it.
    """

    runs: Sequence[TextRun]
    frame_url: str
    whole_url: str


@dataclass(frozen=True)
class MessagePage:
    ref: str
    url: str
    subject: str
    from_: Address | None
    authors: Sequence[Address]
    sender: Address | None
    to: Sequence[Address]
    cc: Sequence[Address]
    bcc: Sequence[Address]
    reply_to: Sequence[Address]
    date_text: str
    date_iso: str
    seen: bool
    flagged: bool
    answered: bool
    sent_by: str
    answered_by: str
    texts: Sequence[ShownText]
    notes: Sequence[str]
    images_url: str | None
    always_images_url: str | None
    stop_images_url: str | None
    attachments: list[AttachmentLink]
    warning: str
    not_from_inside: bool
    reason: str
    reply_url: str
    reply_all_url: str
    forward_url: str
    source_url: str
    print_url: str
    list_url: str
    begun_url: str = ""
    shortened: str = ""


@dataclass(frozen=True)
class ComposeAttachment:
    """A file, or a picture of the text, which is named by its `content_id` and seen at `picture_url`."""

    id: str
    filename: str
    size_text: str
    content_id: str
    picture_url: str


@dataclass(frozen=True)
class ComposePage:
    key: str
    draft_ref: str
    draft_folder: str
    window: str
    theirs_url: str
    mode: str
    to: str
    cc: str
    bcc: str
    subject: str
    text: str
    html: str
    format: str
    from_line: str
    hue: int
    attachments: list[ComposeAttachment]
    answers: str
    answers_folder: str
    in_reply_to: str
    references: str
    send_url: str
    save_url: str
    attach_url: str
    discard_url: str
    people_url: str
    leave_url: str
    leaves_to: str  # "message" or "list"
    list_folder: str
    url: str = ""  # where this form is found again, when that isn't where it was asked for
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    saved_at: datetime | None = None
    max_bytes: int = 25 * 1024 * 1024
    max_subject: int = 998
