"""One message: the page about it, its source, and a form fit for paper."""

from datetime import UTC
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from mail.imap.refs import MessageRef
from mail.message.addresses import Address, addresses_of, is_cut
from mail.message.contents import Attachment
from mail.message.headers import Headers
from mail.message.origin import NOTICE, claimed, is_forged
from mailboxes import image_consents, outbox
from mailboxes.access import MailboxAccess, domains_of
from mailboxes.storage import size_of
from pages.mail import blueprint, present, words
from pages.mail.bodies import printed_document
from pages.mail.contexts import AttachmentLink, MessagePage, with_query
from pages.mail.folder import listing_beside, page
from pages.mail.letters import shown_texts, writes_from
from pages.mail.request_values import beside, opened, page_number, searched
from web.context import current_actor, services
from web.htmx import is_fragment_request
from webmail.reading.messages import OpenMessage, open_message
from webmail.writing.versions import begun_answer


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>")
def message(mailbox: str, folder: str, ref: str) -> Response:
    access = opened(mailbox)
    found = open_message(services().pool, access, MessageRef.parse(folder, ref))
    if is_fragment_request():
        answer = make_response(message_fragment(access, found))
        answer.vary.add("HX-Request")
        return answer
    shown = message_page(access, found)
    around, listing = listing_beside(access, folder, ref)
    title = _title(access, shown)
    return page(access, around, listing, "webmail/_message.html", view="message", title=title, message=shown)


@blueprint.get("/mail/<mailbox>/f/<folder:folder>/<ref>/print")
def print_message(mailbox: str, folder: str, ref: str) -> Response:
    access = opened(mailbox)
    found = open_message(services().pool, access, MessageRef.parse(folder, ref))
    shown = message_page(access, found)
    if any(text.is_html for text in found.texts):
        head = render_template("webmail/_printed_head.html", message=shown)
        images = _images_always(shown.from_) or _images_once()
        return printed_document(access, found, images=images, head=head)
    return make_response(
        render_template("webmail/print.html", access=present.access_context(access), message=shown, title=shown.subject)
    )


def message_fragment(access: MailboxAccess, found: OpenMessage) -> str:
    shown = message_page(access, found)
    return render_template(
        "webmail/_message.html",
        access=present.access_context(access),
        message=shown,
        listing=present.bare_listing(access, found.folders, found.ref.folder, page_number(), searched(request.args)),
        pane_title=_title(access, shown),
    )


def _title(access: MailboxAccess, shown: MessagePage) -> str:
    return f"{shown.subject} · {access.address}"


def message_page(access: MailboxAccess, found: OpenMessage) -> MessagePage:
    """Everything a template needs to show this message."""
    headers, ref = found.headers, found.ref
    authors = _list(headers, "From")
    sender = authors[0] if authors else None
    always, once = _images_always(sender), _images_once()
    offered = found.has_remote_images and not (always or once)
    where: dict[str, Any] = {"mailbox": access.address, "folder": ref.folder, "ref": ref.token}
    place = beside()
    here = where | place
    at = ((headers.date() if headers else None) or found.at).astimezone(UTC)
    message_id, answered = found.message_id, "\\Answered" in found.flags
    # What came from outside may carry the Message-ID of an answer: only what lies in Sent was sent from here.
    sent = any(folder.name == ref.folder and folder.role == "sent" for folder in found.folders)
    return MessagePage(
        ref=ref.token,
        url=url_for("webmail.message", **here),
        subject=(headers.get("Subject") if headers else "") or "(no subject)",
        from_=sender,
        authors=authors,
        sender=_sender(headers, authors),
        to=_list(headers, "To"),
        cc=_list(headers, "Cc"),
        bcc=_list(headers, "Bcc"),
        reply_to=[address for address in _list(headers, "Reply-To") if sender and address.address != sender.address],
        date_text=words.when_long(at),
        date_iso=at.isoformat(),
        seen="\\Seen" in found.flags,
        flagged="\\Flagged" in found.flags,
        answered=answered,
        sent_by=outbox.senders(services().db, access, [message_id]).get(message_id, "") if sent else "",
        answered_by=outbox.answerers(services().db, access, [message_id]).get(message_id, "") if answered else "",
        texts=shown_texts(found.texts, where, writes_from(access), 1 if always or once else None),
        notes=found.layout.notes if found.layout else (),
        images_url=url_for("webmail.message", **here, images=1) if offered else None,
        always_images_url=url_for("webmail.always_show_images", **here)
        if offered and _can_be_remembered(sender)
        else None,
        stop_images_url=url_for("webmail.stop_showing_images", **here) if found.has_remote_images and always else None,
        attachments=[_attachment(attachment, where) for attachment in _attachments(found)],
        begun_url=_begun_url(access, found),
        warning=_warning(headers),
        not_from_inside=_claims_to_be_inside(access, headers),
        shortened=_shortened(headers),
        reason=found.reason,
        reply_url=url_for("webmail.compose_reply", **here),
        reply_all_url=url_for("webmail.compose_reply_all", **here),
        forward_url=url_for("webmail.compose_forward", **here),
        source_url=url_for("webmail.source", **where),
        print_url=url_for("webmail.print_message", **where),
        list_url=with_query(present.folder_url(access, ref.folder), place),
    )


def _begun_url(access: MailboxAccess, found: OpenMessage) -> str:
    """Where an answer that was begun goes on, so that nobody begins a second one by accident."""
    draft = begun_answer(services().pool, access, found.folders, found.message_id)
    if draft is None:
        return ""
    return url_for("webmail.compose_draft", mailbox=access.address, folder=draft.folder, ref=draft.token)


def _images_once() -> bool:
    return request.args.get("images") == "1"


def _images_always(sender: Address | None) -> bool:
    return bool(sender and image_consents.allows(services().db, current_actor(), sender.address))


def _can_be_remembered(sender: Address | None) -> bool:
    return sender is not None and len(sender.address) <= image_consents.LONGEST_SENDER


def _attachments(found: OpenMessage) -> tuple[Attachment, ...]:
    return tuple(found.layout.attachments) if found.layout else ()


def _attachment(attachment: Attachment, where: dict[str, Any]) -> AttachmentLink:
    part = {**where, "section": attachment.section, "filename": attachment.filename}
    return AttachmentLink(
        filename=attachment.filename,
        size_text=size_of(attachment.size),
        type_label=words.type_label(attachment.content_type),
        url=url_for("webmail.download", **part),
        open_url=url_for("webmail.open_part", **part) if attachment.openable else None,
    )


def _warning(headers: Headers | None) -> str:
    """Said where the headers themselves contradict each other (RFC 5322 §3.6: exactly one From)."""
    if headers and len(headers.get_all("From")) > 1:
        return "This message names more than one sender. Don't trust any of them."
    return ""


def _shortened(headers: Headers | None) -> str:
    """Said where a field is too long to be shown and answered as a whole."""
    if headers is None:
        return ""
    cut = [name for name in ("to", "cc", "bcc") if name not in headers.shortened and is_cut(headers, name)]
    if not (cut or headers.shortened):
        return ""
    named = words.listed([words.FIELD_NAMES[name] for name in (*cut, *headers.shortened)])
    return f"Too long to be shown and answered as a whole: {named}. View the source to see all of it."


def _sender(headers: Headers | None, authors: list[Address]) -> Address | None:
    """Who sent it for its authors (RFC 5322 §3.6.2), if it was somebody else."""
    known = {author.address.lower() for author in authors}
    return next((one for one in _list(headers, "Sender") if one.address and one.address.lower() not in known), None)


def _claims_to_be_inside(access: MailboxAccess, headers: Headers | None) -> bool:
    claims = claimed(headers.raw(NOTICE) or b"") if headers else None
    return claims is not None and is_forged(claims, domains_of(services().db, access))


def _list(headers: Headers | None, name: str) -> list[Address]:
    return addresses_of(headers, name) if headers else []
