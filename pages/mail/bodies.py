"""What a stranger wrote, each in a document of its own: HTML bodies, attachments, the source, remote images.

None of it ever runs in the app's own document; every answer here carries its own, stricter policy.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from auth import sessions
from auth.actor import Actor
from core.db import Database, now
from mail.html import sanitize
from mail.html.plaintext import to_html
from mail.images.remote import ImageRefused, Reason, fetch, raster_type
from mail.imap.refs import MessageRef
from mail.message.filenames import content_disposition
from mailboxes import image_consents
from mailboxes.access import MailboxAccess
from pages.mail import blueprint
from pages.mail.letters import writes_from
from pages.mail.request_values import beside, opened
from web.context import current_actor, services
from webmail.reading.messages import (
    HtmlBody,
    OpenMessage,
    attachment_of,
    author_of,
    html_body,
    picture_of,
    stream_attachment,
    stream_source,
)

# No scripts, no requests but for images of ours, no forms, no navigation of the app; and no cookies, as the sandbox
# has no origin.
FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:{images}; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
# What is quoted in an answer, in the frame where it is edited: it keeps its colours, and nothing runs or loads. The
# pictures that come along with it are blobs, which our own page makes.
EDITOR_POLICY = (
    "sandbox allow-same-origin; default-src 'none'; img-src data: blob:; style-src 'self' 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
IMAGE_SECONDS = 3600
SOURCE_SHOWN = 1_000_000


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/body")
def body(mailbox: str, folder: str, ref: str) -> Response:
    access, message_ref = opened(mailbox), MessageRef.parse(folder, ref)
    found = html_body(services().pool, access, message_ref, request.args.get("section", ""))
    images = request.args.get("images") == "1"
    return _document(_harmless(access, message_ref, found, images=images), images=images)


def printed_document(access: MailboxAccess, found: OpenMessage, *, images: bool, head: str) -> Response:
    """All texts of a message that has HTML, with `head`, ours, above them: one document where nothing could run."""
    pieces = [head]
    for text in found.texts:
        if text.is_html:
            body = html_body(services().pool, access, found.ref, text.part.section)
            pieces.append(f"<div>{_harmless(access, found.ref, body, images=images, dark=False)}</div>")
        else:
            pieces.append(f"<p>{to_html(text.content, mailto=writes_from(access))}</p>")
    return _document("".join(pieces), images=images)


def _harmless(access: MailboxAccess, ref: MessageRef, body: HtmlBody, *, images: bool, dark: bool = True) -> str:
    """The HTML made harmless. Where it had to be cut, its end says so."""
    how: sanitize.Images = _proxied if images else "blocked"
    content, writes = body.text.content, writes_from(access)
    shown = sanitize.html(content, images=how, cid=body.inline_images.get, mailto=writes, dark=dark)
    if not (shown.truncated or body.text.cut):
        return shown.html
    where: dict[str, Any] = {"mailbox": access.address, "folder": ref.folder, "ref": ref.token}
    whole = url_for("webmail.download", **where, section=body.text.part.section, filename="message.html")
    return shown.html + render_template("webmail/_cut.html", whole_url=whole)


def _document(fragment: str, *, images: bool) -> Response:
    answer = Response(sanitize.document(fragment), content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = FRAME_POLICY.format(
        images=f" {services().config.public_url}/image/" if images else ""
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@blueprint.get("/mail/editor")
def editor() -> Response:
    answer = Response(render_template("webmail/editor.html"))
    answer.headers["Content-Security-Policy"] = EDITOR_POLICY
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


@blueprint.post("/mail/<mailbox>/f/<folder:folder>/<ref>/images")
def always_show_images(mailbox: str, folder: str, ref: str) -> BaseResponse:
    return _remember(mailbox, folder, ref, image_consents.allow)


@blueprint.post("/mail/<mailbox>/f/<folder:folder>/<ref>/images/stop")
def stop_showing_images(mailbox: str, folder: str, ref: str) -> BaseResponse:
    return _remember(mailbox, folder, ref, image_consents.forget)


def _remember(mailbox: str, folder: str, ref: str, how: Callable[[Database, Actor, str], None]) -> BaseResponse:
    """What the person wants of this message's sender from now on; then the message, shown accordingly."""
    access = opened(mailbox)
    message_ref = MessageRef.parse(folder, ref)
    if author := author_of(services().pool, access, message_ref):
        how(services().db, current_actor(), author.address)
    where: dict[str, Any] = {"mailbox": access.address, "folder": folder, "ref": ref, **beside()}
    return redirect(url_for("webmail.message", **where), 303)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/part/<section>/<path:filename>")
def download(mailbox: str, folder: str, ref: str, section: str, filename: str) -> Response:
    return _attachment(mailbox, folder, ref, section, inline=False)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/open/<section>/<path:filename>")
def open_part(mailbox: str, folder: str, ref: str, section: str, filename: str) -> Response:
    return _attachment(mailbox, folder, ref, section, inline=True)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/picture/<content_id>")
def picture(mailbox: str, folder: str, ref: str, content_id: str) -> Response:
    """A picture of the text, for the form in which the text is quoted."""
    access, message_ref = opened(mailbox), MessageRef.parse(folder, ref)
    section = picture_of(services().pool, access, message_ref, content_id).section
    return _attachment(mailbox, folder, ref, section, inline=True)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/source")
def source(mailbox: str, folder: str, ref: str) -> Response:
    access = opened(mailbox)
    message_ref = MessageRef.parse(folder, ref)
    text = _first(stream_source(services().pool, access, message_ref), SOURCE_SHOWN)
    where: dict[str, Any] = {"mailbox": access.address, "folder": folder, "ref": ref}
    return Response(
        render_template(
            "webmail/source.html",
            source=text.decode("utf-8", "replace"),
            shortened=len(text) >= SOURCE_SHOWN,
            download_url=url_for("webmail.download_source", **where),
            message_url=url_for("webmail.message", **where),
            title="Source",
        )
    )


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/message.eml")
def download_source(mailbox: str, folder: str, ref: str) -> Response:
    access = opened(mailbox)
    pieces = stream_source(services().pool, access, MessageRef.parse(folder, ref))
    return _file(pieces, "message/rfc822", content_disposition("message.eml"))


@blueprint.get("/image/<signature>/<int(max=2147483647):session_id>/<int:expires>/<token>")
def remote_image(signature: str, session_id: int, expires: int, token: str) -> Response:
    """For whom the page was made, while they are signed in: the frame that asks sends no cookie."""
    # As bytes: a signature that isn't ASCII is only wrong, too.
    if expires < now() or not hmac.compare_digest(
        signature.encode(), _signature(sessions.live_key_hash(services().db, session_id), expires, token).encode()
    ):
        abort(404)
    try:
        with services().image_turns.turn():
            image = fetch(base64.urlsafe_b64decode(token).decode())
    except ImageRefused as error:
        abort(503 if error.reason is Reason.BUSY else 404)
    except (ValueError, binascii.Error):
        abort(404)
    answer = Response(image.data, content_type=image.content_type)
    answer.headers["Content-Security-Policy"] = FILE_POLICY
    # The frame that asks has no origin, so it counts as another one.
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Cache-Control"] = f"private, max-age={IMAGE_SECONDS}"
    return answer


def _proxied(url: str) -> str:
    """Our own URL for a remote image: signed, so that nobody else can make us fetch, and soon of no use.

    Signed with the session's key, whose number alone could be another's later.
    """
    # One URL for an hour's views of the same picture, so that the browser's cache can help.
    expires = now() // IMAGE_SECONDS * IMAGE_SECONDS + 2 * IMAGE_SECONDS
    token = base64.urlsafe_b64encode(url.encode()).decode()
    me = current_actor()
    signature = _signature(sessions.key_hash(me), expires, token)
    path = url_for("webmail.remote_image", signature=signature, session_id=me.session_id, expires=expires, token=token)
    return services().config.public_url + path


def _signature(key: str, expires: int, token: str) -> str:
    return services().vault.derive("remote-image", f"{key} {expires} {token}")[:32]


def _attachment(mailbox: str, folder: str, ref: str, section: str, *, inline: bool) -> Response:
    access = opened(mailbox)
    message_ref = MessageRef.parse(folder, ref)
    attachment = attachment_of(services().pool, access, message_ref, section)
    pieces = stream_attachment(services().pool, access, message_ref, attachment)
    content_type = "application/octet-stream"
    if inline:
        start = next(pieces, b"")
        # Its first bytes prove a picture; the sender's word for its type doesn't.
        content_type = raster_type(start[:32])
        if not content_type:
            abort(404)
        pieces = chain([start], pieces)
    return _file(pieces, content_type, content_disposition(attachment.filename, inline=inline))


def _file(pieces: Iterator[bytes], content_type: str, disposition: str) -> Response:
    # The first piece comes before the answer begins: a message that is gone gets an error page, not half a file.
    start = next(pieces, b"")
    answer = Response(chain([start], pieces), content_type=content_type)
    answer.headers["Content-Disposition"] = disposition
    answer.headers["Content-Security-Policy"] = FILE_POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _first(pieces: Iterator[bytes], limit: int) -> bytes:
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) >= limit:
            break
    return bytes(found[:limit])
