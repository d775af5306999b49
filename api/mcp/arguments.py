"""The arguments that several tools take. Nothing is converted in silence: "1", 1.0 and true are no ids."""

from typing import Annotated

from pydantic import Field

Id = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
MailboxId = Annotated[Id, Field(description="The id of a mailbox; list_mailboxes finds it.")]
DomainId = Annotated[Id, Field(description="The id of a domain; list_domains finds it.")]
MemberId = Annotated[Id, Field(description="The id of a membership; list_shared_mailbox_members finds it.")]
PersonId = Annotated[Id, Field(description="The id of the person's own mailbox, a regular one of the same account.")]
PeopleIds = Annotated[
    list[Id], Field(min_length=1, description="The ids of people's own mailboxes; they read and may reply.")
]
LocalPart = Annotated[str, Field(min_length=1, max_length=64, description="What stands before the @.")]
DisplayName = Annotated[str, Field(max_length=200, description="The name that customers see.")]
Search = Annotated[str | None, Field(max_length=200, description="A part of the address or name.")]
Page = Annotated[int, Field(strict=True, ge=1, description="Which page, from 1.")]
PerPage = Annotated[int, Field(strict=True, ge=1, le=100, description="How many a page holds, up to 100.")]
Key = Annotated[
    str | None,
    Field(
        max_length=200,
        pattern=r"^[!-~]+$",
        description="1–200 visible ASCII characters of your own, without blanks. Calling again with the same key and "
        "arguments does nothing twice.",
    ),
]
