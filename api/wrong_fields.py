"""What a shape refused, by the names of the fields. Nothing that was sent is repeated."""

from pydantic import ValidationError


def wrong_fields(error: ValidationError) -> dict[str, list[str]]:
    """Field → what is wrong with it. Of a list it names the item, such as `member_mailbox_ids.2`."""
    fields: dict[str, list[str]] = {}
    for found in error.errors(include_url=False, include_input=False):
        if found["loc"][-1:] != ("none",):  # "or nothing" is no other thing to try
            where = found["loc"] or (found.get("ctx", {}).get("field", "body"),)
            fields.setdefault(_field(where), []).append(found["msg"].removeprefix("Value error, "))
    return fields


def _field(where: tuple[int | str, ...]) -> str:
    """Without the shape that was tried on it."""
    return ".".join([str(where[0]), *(str(part) for part in where[1:] if isinstance(part, int))])
