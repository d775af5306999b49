"""What programs are told: the shapes, made from what the law says."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

if TYPE_CHECKING:  # the tool server uses these shapes too, and has no database
    from mailboxes.audit_log import Entry
    from mailboxes.delete_intents import Intent
    from mailboxes.memberships import Member
    from mailboxes.models import Domain
    from mailboxes.overview import MailboxRow


def _is_none(value: object) -> bool:
    return value is None


# Absent where it means nothing, instead of null.
Count = Annotated[int | SkipJsonSchema[None], Field(exclude_if=_is_none)]
Secret = Annotated[str | SkipJsonSchema[None], Field(exclude_if=_is_none)]


class Answer(BaseModel):
    """One whole answer."""


class Meta(BaseModel):
    page: int
    per_page: int
    total: int


class DomainData(BaseModel):
    id: int
    name: str
    created_at: str

    @classmethod
    def of(cls, domain: "Domain") -> "DomainData":
        return cls(id=domain.id, name=domain.name, created_at=moment(domain.created_at))


class MailboxData(BaseModel):
    id: int
    address: str
    local_part: str
    domain_id: int
    domain: str
    display_name: str
    type: Literal["regular", "shared"]
    status: Literal["active", "trashed"]
    member_count: Count = None
    used_mb: int
    quota_mb: int | None
    created_at: str

    @classmethod
    def of(cls, row: "MailboxRow") -> "MailboxData":
        return cls.model_validate(mailbox_fields(row))


class OpenedMailboxData(MailboxData):
    """A mailbox somebody can sign in to now, with the password that was made for it: shown once."""

    generated_password: Secret = None

    @classmethod
    def opened(cls, row: "MailboxRow", password: str) -> "OpenedMailboxData":
        return cls.model_validate(mailbox_fields(row) | {"generated_password": password or None})


class MemberData(BaseModel):
    id: int
    member_mailbox_id: int
    email: str
    display_name: str
    can_read: Literal[True] = True
    can_send: bool
    custom_label: str
    created_at: str

    @classmethod
    def of(cls, member: "Member") -> "MemberData":
        return cls(
            id=member.id,
            member_mailbox_id=member.member_mailbox_id,
            email=member.email,
            display_name=member.display_name,
            can_send=member.can_send,
            custom_label=member.custom_label,
            created_at=moment(member.created_at),
        )


class RemovedMemberData(BaseModel):
    id: int
    removed: Literal[True] = True


class IntentData(BaseModel):
    id: int
    mailbox_id: int
    address: str
    expires_at: str

    @classmethod
    def of(cls, intent: "Intent") -> "IntentData":
        return cls(
            id=intent.id, mailbox_id=intent.mailbox_id, address=intent.address, expires_at=moment(intent.expires_at)
        )


class EntryData(BaseModel):
    id: int
    at: str
    actor: str
    door: str
    client_address: str
    action: str
    mailbox: str
    subject: str
    detail: str

    @classmethod
    def of(cls, entry: "Entry") -> "EntryData":
        return cls(
            id=entry.id,
            at=moment(int(entry.at.timestamp())),
            actor=entry.actor,
            door=entry.door,
            client_address=entry.client_address,
            action=entry.action,
            mailbox=entry.mailbox,
            subject=entry.subject,
            detail=entry.detail,
        )


class AccountData(BaseModel):
    id: int
    name: str


class TokenData(BaseModel):
    id: int
    name: str
    scopes: list[str]
    domain_ids: list[int] | None


class LimitsData(BaseModel):
    shared_per_domain: int
    mailboxes_per_domain: int
    storage_mb: int


class DomainUsageData(BaseModel):
    domain_id: int
    domain: str
    shared: int
    mailboxes: int


class UsageData(BaseModel):
    used_mb: int
    domains: list[DomainUsageData]


class MeData(BaseModel):
    account: AccountData
    token: TokenData
    plan: str
    limits: LimitsData
    usage: UsageData


class Capabilities(BaseModel):
    effective_scopes: list[str]


class MeAnswer(Answer):
    data: MeData
    capabilities: Capabilities


class DomainAnswer(Answer):
    data: DomainData


class DomainsAnswer(Answer):
    data: list[DomainData]
    meta: Meta


class MailboxAnswer(Answer):
    data: MailboxData


class OpenedMailboxAnswer(Answer):
    data: OpenedMailboxData


class MailboxesAnswer(Answer):
    data: list[MailboxData]
    meta: Meta


class MemberAnswer(Answer):
    data: MemberData


class MembersAnswer(Answer):
    data: list[MemberData]
    meta: Meta


class AddedMembersAnswer(Answer):
    """One member when one was asked for, a list when a list was."""

    data: MemberData | list[MemberData]


class RemovedMemberAnswer(Answer):
    data: RemovedMemberData


class IntentAnswer(Answer):
    data: IntentData


class DeletionAnswer(Answer):
    """What a deletion in two steps has come to: announced first, then done."""

    intent: IntentData | None = None
    deleted: MailboxData | None = None


class AuditAnswer(Answer):
    data: list[EntryData]
    meta: Meta


class ErrorData(BaseModel):
    code: str
    message: str
    hint: str
    request_id: str
    retryable: bool
    retry_after: int | None = None
    fields: dict[str, list[str]] | None = None


class ErrorAnswer(Answer):
    error: ErrorData


def mailbox_fields(row: "MailboxRow") -> dict[str, object]:
    return {
        "id": row.id,
        "address": row.address,
        "local_part": row.local_part,
        "domain_id": row.domain_id,
        "domain": row.domain,
        "display_name": row.display_name,
        "type": row.kind,
        "status": row.status,
        "member_count": row.member_count,
        "used_mb": row.used_mb,
        "quota_mb": row.quota_mb,
        "created_at": moment(row.created_at),
    }


def moment(seconds: int) -> str:
    """A time in UTC (RFC 3339)."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
