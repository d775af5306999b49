"""What programs send: the shapes, and what is refused before anything is asked of the law.

A field that isn't named here is ignored. Nothing is converted in silence: "1" is no number, 1 is not true.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema

LARGEST_ID = 2**31 - 1
# Neither line ends nor other control characters: they stand in headers, logs and tables later.
LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=500)]
Megabytes = Annotated[int, Field(ge=1, le=100_000_000)]
Name = Annotated[str, StringConstraints(max_length=200, pattern=LINE)]
# The law says what an address may be, in words; here the document says it.
LocalPart = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    WithJsonSchema({"type": "string", "maxLength": 64, "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"}),
]
DomainName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=253),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 253,
            "pattern": "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$",
        }
    ),
]
Password = Annotated[str, StringConstraints(min_length=12, max_length=256)]
Label = Annotated[str, StringConstraints(max_length=120, pattern=LINE)]


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class NewDomain(Body):
    name: DomainName


class NewMailbox(Body):
    domain_id: Id
    local_part: LocalPart
    display_name: Name = ""
    storage_allocation_mb: Megabytes | None = None
    password: Password | None = None
    password_mode: Literal["generated_one_time"] | None = None

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if (self.password is None) == (self.password_mode is None):
            raise ValueError('send either "password", or "password_mode": "generated_one_time"')
        return self


class MailboxChanges(Body):
    display_name: Name | None = None


class NewPassword(Body):
    password: Password


class NewSharedMailbox(Body):
    domain_id: Id
    local_part: LocalPart
    display_name: Name
    member_mailbox_ids: Ids
    storage_shared: bool = True
    storage_mb: Megabytes | None = None

    @model_validator(mode="after")
    def _one_storage(self) -> Self:
        if not self.storage_shared and self.storage_mb is None:
            raise ValueError('with "storage_shared": false, say how much: "storage_mb"')
        return self


class Members(Body):
    member_mailbox_ids: Ids


class ToRegular(Body):
    password: Password | None = None


class NewMembers(Body):
    """One member, or many at once: all of them or none."""

    member_mailbox_id: Id | None = None
    member_mailbox_ids: Ids | None = None
    can_send: bool = True
    custom_label: Label = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.member_mailbox_id is None) == (self.member_mailbox_ids is None):
            raise ValueError('send either "member_mailbox_id" or "member_mailbox_ids"')
        return self


class MemberChanges(Body):
    can_send: bool | None = None
    custom_label: Label | None = None


def _number(text: Any) -> Any:
    """Decimal digits and nothing else."""
    if isinstance(text, str) and not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError("send a whole number")
    return text


def _yes_or_no(text: Any) -> Any:
    if isinstance(text, str) and text not in ("true", "false"):
        raise ValueError("send true or false")
    return text


QueryId = Annotated[Id, BeforeValidator(_number)]
QueryBool = Annotated[bool, BeforeValidator(_yes_or_no), WithJsonSchema({"type": "boolean"})]
Word = Annotated[str, StringConstraints(max_length=200, pattern=LINE)]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class Query(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Paging(Query):
    page: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_number)] = 1
    per_page: Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)] = 50


class MailboxQuery(Paging):
    domain_id: QueryId | SkipJsonSchema[None] = None
    type: Literal["regular", "shared"] | SkipJsonSchema[None] = None
    search: Word | SkipJsonSchema[None] = None
    has_members: QueryBool | SkipJsonSchema[None] = None
    status: Literal["active", "trashed"] = "active"


class AuditQuery(Paging):
    mailbox: Word | SkipJsonSchema[None] = None
    person: Word | SkipJsonSchema[None] = None
    action: Word | SkipJsonSchema[None] = None
    since: Day | SkipJsonSchema[None] = None
    until: Day | SkipJsonSchema[None] = None


Key = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class WriteHeaders(Query):
    idempotency_key: Annotated[Key | SkipJsonSchema[None], Field(alias="Idempotency-Key")] = None


class ConfirmHeaders(WriteHeaders):
    confirm_delete: Annotated[Literal["true"], Field(alias="X-Confirm-Delete")]
