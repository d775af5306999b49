"""Where one answer leads (OpenAPI links): what was made or found, and every call that takes its id."""

from typing import Any

# Answer → the path parameter its id fills. In a list it is the id of the first.
_FILLS = {
    "DomainAnswer": "domain_id",
    "DomainsAnswer": "domain_id",
    "MailboxAnswer": "mailbox_id",
    "OpenedMailboxAnswer": "mailbox_id",
    "MailboxesAnswer": "mailbox_id",
    "MemberAnswer": "member_id",
    "AddedMembersAnswer": "member_id",
    "MembersAnswer": "member_id",
    "IntentAnswer": "intent_id",
}
_LISTS = ("DomainsAnswer", "MailboxesAnswer", "MembersAnswer")


def add_links(paths: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Add them to every successful answer of a document."""
    taking = {
        operation["operationId"]: {part["name"] for part in operation["parameters"] if part["in"] == "path"}
        for operations in paths.values()
        for operation in operations.values()
    }
    for operations in paths.values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                name = _schema(answer)
                if status.startswith("2") and name in _FILLS:
                    answer["links"] = _links(operation["operationId"], name, taking)


def _links(here: str, name: str, taking: dict[str, set[str]]) -> dict[str, Any]:
    pointer = "$response.body#/data/0/id" if name in _LISTS else "$response.body#/data/id"
    known = {_FILLS[name]: pointer} | {part: f"$request.path.{part}" for part in taking[here] if part != _FILLS[name]}
    return {
        target: {"operationId": target, "parameters": {part: known[part] for part in sorted(parts)}}
        for target, parts in taking.items()
        if _FILLS[name] in parts and parts <= set(known)
    }


def _schema(answer: dict[str, Any]) -> str:
    reference: str = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    return reference.rpartition("/")[2]
