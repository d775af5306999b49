"""What programs send: the shapes, and what is refused before anything is asked of the law.

A field that isn't named here is ignored, and so is null; but where rights, members or secrets change, an unknown field
is refused, because a right that was misspelt must not be given by default. Nothing is converted in silence: "1" is no
number, 1 is not true.
"""

from typing import Annotated, Any, Literal, LiteralString, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError

from api.rest.wrong_fields import unknown_fields

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


class _OrNull:
    """Null is as good as left out, and the document says so."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(core), {"type": "null"}]}


class Closed(BaseModel):
    """A shape that takes nothing but its fields, and says which one was meant."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_only(cls, sent: Any) -> Any:
        unknown = unknown_fields(sent, cls.model_fields) if isinstance(sent, dict) else {}
        if unknown:
            raise ValidationError.from_exception_data(
                cls.__name__,
                [
                    InitErrorDetails(
                        type=PydanticCustomError("unknown", "{text}", {"text": text}), loc=(name,), input=None
                    )
                    for name, [text] in unknown.items()
                ],
            )
        return sent


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, sent: Any) -> Any:
        return {name: value for name, value in sent.items() if value is not None} if isinstance(sent, dict) else sent


class StrictBody(Body, Closed):
    """A body about rights, members or secrets: nothing in it may go unheard."""

    model_config = ConfigDict(extra="forbid")


def _like(example: dict[str, Any], *, one_of: tuple[str, ...] = ()) -> ConfigDict:
    """What the page of the document fills in, and of which fields exactly one is sent."""
    said: JsonDict = {"examples": [example]}
    if one_of:
        said["oneOf"] = [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in one_of]
    return ConfigDict(json_schema_extra=said)


def _wrong(field: str, text: LiteralString) -> PydanticCustomError:
    """What is wrong with a field in the light of the others."""
    return PydanticCustomError("together", text, {"field": field})


class NewDomain(Body):
    model_config = _like({"name": "example.com"})

    name: DomainName


class NewMailbox(Body):
    model_config = _like(
        {"domain_id": 1, "local_part": "ana", "display_name": "Ana Almeida", "password_mode": "generated_one_time"},
        one_of=("password", "password_mode"),
    )

    domain_id: Id
    local_part: LocalPart
    display_name: Annotated[Name, _OrNull()] = ""
    storage_allocation_mb: Megabytes | None = None
    password: Password | None = None
    password_mode: Literal["generated_one_time"] | None = None

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if (self.password is None) == (self.password_mode is None):
            raise _wrong("password", 'send either "password", or "password_mode": "generated_one_time"')
        return self


class MailboxChanges(Body):
    model_config = _like({"display_name": "Ana Almeida"})

    display_name: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _cleared(cls, sent: Any) -> Any:
        """Null takes the name away (RFC 7396); left out, it stays."""
        return {**sent, "display_name": ""} if isinstance(sent, dict) and sent.get("display_name", "") is None else sent


class NewPassword(StrictBody):
    model_config = _like({"password": "three-Words-and-4"})

    password: Password


class NewSharedMailbox(StrictBody):
    model_config = _like(
        {"domain_id": 1, "local_part": "support", "display_name": "Customer support", "member_mailbox_ids": [1, 2]}
    )

    domain_id: Id
    local_part: LocalPart
    display_name: Name
    member_mailbox_ids: Annotated[Ids, Field(description="Who may reply.")]
    read_only_member_mailbox_ids: Annotated[Ids | None, Field(description="Who only reads.")] = None
    storage_shared: Annotated[bool | None, Field(description="Made false by a `storage_mb`.")] = None
    storage_mb: Megabytes | None = None

    @model_validator(mode="after")
    def _one_storage(self) -> Self:
        if self.storage_shared is False and self.storage_mb is None:
            raise _wrong("storage_mb", 'with "storage_shared": false, say how much')
        return self

    @model_validator(mode="after")
    def _one_right(self) -> Self:
        if set(self.member_mailbox_ids) & set(self.read_only_member_mailbox_ids or ()):
            raise _wrong("read_only_member_mailbox_ids", "somebody is in both lists: name each person in one of them")
        return self


class Members(StrictBody):
    model_config = _like({"member_mailbox_ids": [1, 2]})

    member_mailbox_ids: Ids


class ToRegular(StrictBody):
    model_config = _like({})

    password: Password | None = None


class Deletion(StrictBody):
    """Of which mailbox, for who wants to be sure: another one's intent is refused then."""

    model_config = _like({})

    mailbox_id: Id | None = None


class NewMembers(StrictBody):
    """One member, or many at once: all of them or none."""

    model_config = _like({"member_mailbox_id": 1, "can_send": True}, one_of=("member_mailbox_id", "member_mailbox_ids"))

    member_mailbox_id: Id | None = None
    member_mailbox_ids: Ids | None = None
    can_send: Annotated[bool, _OrNull()] = True
    custom_label: Annotated[Label, _OrNull()] = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.member_mailbox_id is None) == (self.member_mailbox_ids is None):
            raise _wrong("member_mailbox_id", 'send either "member_mailbox_id" or "member_mailbox_ids"')
        return self


class MemberChanges(StrictBody):
    model_config = _like({"can_send": False, "custom_label": "Front desk"})

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


class Headers(BaseModel):
    """Of the headers that come with a request, those a call reads."""

    model_config = ConfigDict(extra="ignore")


class Paging(Closed):
    """A question. A filter that isn't known is refused: without it, the answer would be to another question."""

    page: Annotated[int, Field(ge=1, le=1_000_000), BeforeValidator(_number)] = 1
    per_page: Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)] = 50


class DomainQuery(Paging):
    search: Word | SkipJsonSchema[None] = None


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


class WriteHeaders(Headers):
    idempotency_key: Annotated[Key | SkipJsonSchema[None], Field(alias="Idempotency-Key")] = None


class ConfirmHeaders(WriteHeaders):
    confirm_delete: Annotated[
        Literal["true"],
        Field(alias="X-Confirm-Delete"),
        # As a list of one: generators of clients leave a call out whose header is a constant.
        WithJsonSchema({"type": "string", "enum": ["true"]}),
    ]
