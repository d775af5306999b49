"""What a shape refused, by the names of the fields. Nothing that was sent is repeated."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pydantic import ValidationError

_LONGEST_NAME = 60


def wrong_fields(error: ValidationError) -> dict[str, list[str]]:
    """Field → what is wrong with it. Of a list it names the item, such as `member_mailbox_ids.2`."""
    fields: dict[str, list[str]] = {}
    for found in error.errors(include_url=False, include_input=False):
        if found["loc"][-1:] != ("none",):  # "or nothing" is no other thing to try
            where = found["loc"] or (found.get("ctx", {}).get("field", "body"),)
            fields.setdefault(_field(where), []).append(found["msg"].removeprefix("Value error, "))
    return fields


def unknown_fields(sent: Iterable[str], known: Collection[str]) -> dict[str, list[str]]:
    """Of the names in `sent` those that aren't in `known`, each with the nearest one that is."""
    plain = {_plain(name): name for name in known}
    found: dict[str, list[str]] = {}
    for name in sent:
        if name not in known:
            nearest = get_close_matches(_plain(name), plain, 1)
            meant = f"did you mean {plain[nearest[0]]}?" if nearest else f"known are {', '.join(sorted(known))}."
            found[name[:_LONGEST_NAME]] = [f"There is no such field: {meant}" if known else "Nothing is taken here."]
    return found


def _plain(name: str) -> str:
    """As it is compared: `canSend`, `can-send` and `cansend` all mean `can_send`."""
    return name[:_LONGEST_NAME].lower().replace("_", "").replace("-", "")


def _field(where: tuple[int | str, ...]) -> str:
    """Without the shape that was tried on it."""
    return ".".join([str(where[0]), *(str(part) for part in where[1:] if isinstance(part, int))])
