"""Who has access to a shared mailbox."""

from api.rest.answers import (
    AddedMembersAnswer,
    MemberAnswer,
    MemberData,
    MembersAnswer,
    Meta,
    RemovedMemberAnswer,
    RemovedMemberData,
)
from api.rest.bodies import MemberChanges, NewMembers, Paging
from api.rest.calls import Call, Change, Done
from api.rest.routing import read, write
from core.db import Session
from mailboxes.administration import active_in, member_in
from mailboxes.errors import NothingByThatName, NotShared
from mailboxes.memberships import (
    Member,
    add_members_by_id,
    change_membership,
    members_of,
    one_member,
    remove_membership,
)
from mailboxes.scopes import MAILBOXES_READ, MAILBOXES_WRITE

_TAG = "Members"
_ALL = "/mailboxes/<id:mailbox_id>/members"
_ONE = f"{_ALL}/<id:member_id>"


@read(_ALL, MAILBOXES_READ, MembersAnswer, tag=_TAG, query=Paging)
def list_members(call: Call, mailbox_id: int, query: Paging) -> MembersAnswer:
    """Everybody with access to a shared mailbox, by name."""
    with call.services.db.read() as session:
        mailbox = active_in(session, call.admin, mailbox_id)
        if not mailbox.is_shared:
            raise NotShared(mailbox.address)
        members = members_of(session, mailbox)
    start = (query.page - 1) * query.per_page
    meta = Meta(page=query.page, per_page=query.per_page, total=len(members))
    return MembersAnswer(data=[MemberData.of(one) for one in members[start : start + query.per_page]], meta=meta)


@write("POST", _ALL, MAILBOXES_WRITE, AddedMembersAnswer, tag=_TAG, status=201, body=NewMembers)
def add_member(call: Call, mailbox_id: int, body: NewMembers) -> Change[AddedMembersAnswer]:
    """Give somebody access, or many at once with `member_mailbox_ids`: all of them, or none.

    Members read; with `can_send`, as it is unless you say otherwise, they also reply and change the mailbox.
    """
    one = body.member_mailbox_id
    wanted = [one] if one is not None else list(dict.fromkeys(body.member_mailbox_ids or ()))

    def add(session: Session, people: list[int]) -> Done:
        add_members_by_id(
            session, call.admin, mailbox_id, people, can_send=body.can_send, custom_label=body.custom_label
        )
        return Done({})

    def redo(session: Session) -> Done:
        inside = _by_person(session, call, mailbox_id)
        return add(session, [person for person in wanted if person not in inside])

    def tell(session: Session, _done: Done) -> AddedMembersAnswer | None:
        inside = _by_person(session, call, mailbox_id)
        if not inside.keys() >= set(wanted):
            return None
        data = [MemberData.of(inside[person]) for person in wanted]
        return AddedMembersAnswer(data=data[0] if one is not None else data)

    return Change(lambda session: add(session, wanted), tell, redo=redo)


@write("PATCH", _ONE, MAILBOXES_WRITE, MemberAnswer, tag=_TAG, body=MemberChanges)
def update_member(call: Call, mailbox_id: int, member_id: int, body: MemberChanges) -> Change[MemberAnswer]:
    """Let a member reply or only read, at once; or set what the mailbox is called in their own switcher."""

    def do(session: Session) -> Done:
        change_membership(
            session,
            call.admin,
            call.services.doors,
            mailbox_id,
            member_id,
            can_send=body.can_send,
            custom_label=body.custom_label,
        )
        return Done({})

    def tell(session: Session, _done: Done) -> MemberAnswer | None:
        member = _find(session, call, mailbox_id, member_id)
        return MemberAnswer(data=MemberData.of(member)) if member else None

    return Change(do, tell)


@write("DELETE", _ONE, MAILBOXES_WRITE, RemovedMemberAnswer, tag=_TAG)
def remove_member(call: Call, mailbox_id: int, member_id: int) -> Change[RemovedMemberAnswer]:
    """Take a member's access away, at once: their open connections close. The last one can't be removed."""

    def do(session: Session) -> Done:
        remove_membership(session, call.admin, call.services.doors, mailbox_id, member_id)
        return Done({})

    def tell(session: Session, _done: Done) -> RemovedMemberAnswer | None:
        if _find(session, call, mailbox_id, member_id) is not None:
            return None
        return RemovedMemberAnswer(data=RemovedMemberData(id=member_id))

    return Change(do, tell)


def _by_person(session: Session, call: Call, mailbox_id: int) -> dict[int, Member]:
    """The members by the ids of their own mailboxes; none where there can't be any."""
    try:
        return {one.member_mailbox_id: one for one in members_of(session, active_in(session, call.admin, mailbox_id))}
    except NothingByThatName:
        return {}


def _find(session: Session, call: Call, mailbox_id: int, member_id: int) -> Member | None:
    try:
        mailbox = active_in(session, call.admin, mailbox_id)
        return one_member(session, member_in(session, mailbox, member_id))
    except NothingByThatName:
        return None
