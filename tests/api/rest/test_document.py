"""Whatever a program sends, in whatever order: no failure on our side, and every answer as the document says."""

import copy
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
)
from sqlalchemy import select

from api.rest import bodies
from app import create_app
from core.config import Config
from core.db import Database
from mailboxes.api_access import issue_token
from mailboxes.directory import find_account
from mailboxes.models import Domain, Mailbox, Membership
from mailboxes.scopes import EVERY_SCOPE
from migrations.migrate import upgrade
from servers.demo.people import seed_people
from tests.api.conftest import DOER, V1, Program, roomy
from web.context import EXTENSION

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
OURS = settings(
    max_examples=80,
    stateful_step_count=10,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Replayable:
    """The demo's people in a database that goes back to its first state before every sequence of calls."""

    def __init__(self, directory: Path) -> None:
        config = Config.from_env({"DATA_DIR": str(directory), "ASSETS": "local"})
        self._kept, self._used = directory / "kept.db", directory / "postroom.db"
        self.app = create_app(roomy(config))
        self.db: Database = self.app.extensions[EXTENSION].db
        upgrade(self.db)
        with self.db.write() as session:
            seed_people(session, self.app.extensions[EXTENSION].vault)
            acme = find_account(session, "Acme")
            self.token = issue_token(session, DOER, acme, config.api_token_prefix, "schemathesis", EVERY_SCOPE)
            self.domains = list(session.scalars(select(Domain.id).where(Domain.account_id == acme.id)))
            mailboxes = list(session.scalars(select(Mailbox).where(Mailbox.account_id == acme.id)))
            self.mailboxes = [mailbox.id for mailbox in mailboxes]
            self.shared = [mailbox.id for mailbox in mailboxes if mailbox.is_shared]
            members = select(Membership.mailbox_id, Membership.id).where(Membership.mailbox_id.in_(self.shared))
            self.members = [(mailbox, member) for mailbox, member in session.execute(members)]
        self._put_aside()
        with self.db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.dispose()
        shutil.copy(self._used, self._kept)

    def _put_aside(self) -> None:
        """A mailbox in the bin, and one of which the deletion is announced."""
        program, (gone, going) = Program(self.app, self.token), self.mailboxes[:2]
        program.delete(f"/mailboxes/{gone}")
        self.binned = [gone]
        self.intents = [program.post(f"/mailboxes/{going}:delete-intent")["data"]["id"]]

    def go_back(self) -> None:
        self.db.dispose()
        for left in self._used.parent.glob("postroom.db*"):
            left.unlink()
        shutil.copy(self._kept, self._used)


@pytest.fixture(scope="module")
def replayable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayable]:
    made = Replayable(tmp_path_factory.mktemp("document"))
    yield made
    made.db.dispose()


def load(app: Flask) -> Any:
    schema = schemathesis.openapi.from_wsgi(f"{V1}/openapi.json", app)
    # What the document doesn't name is ignored: more than it names is no violation.
    schema.config.generation.update(allow_extra_parameters=False)
    return schema


def grounded(case: Any, there: Replayable) -> None:
    """Numbers become ids that are there, most of them, so that calls get past the first check as well."""
    _ground_path(case.path_parameters or {}, case.operation.path, there)
    if not isinstance(case.body, dict):
        return
    # A copy: what was drawn may be an example of the document, and is drawn again.
    body = case.body = copy.deepcopy(case.body)
    for name, known in (("domain_id", there.domains), ("member_mailbox_id", there.mailboxes)):
        if _is_id(body.get(name)):
            body[name] = known[body[name] % len(known)]
    people = body.get("member_mailbox_ids")
    if isinstance(people, list) and all(_is_id(one) for one in people):
        body["member_mailbox_ids"] = [there.mailboxes[one % len(there.mailboxes)] for one in people]


def _ground_path(parameters: dict[str, Any], path: str, there: Replayable) -> None:
    if not all(_is_id(value) and value % 7 for value in parameters.values()):
        return
    if "member_id" in parameters:
        pair = there.members[parameters["member_id"] % len(there.members)]
        parameters["mailbox_id"], parameters["member_id"] = pair
        return
    mailboxes = there.shared if "members" in path or "convert-to-regular" in path else there.mailboxes
    for name, known in (
        ("mailbox_id", there.binned if ":restore" in path else mailboxes),
        ("domain_id", there.domains),
        ("intent_id", there.intents),
    ):
        if name in parameters:
            parameters[name] = known[parameters[name] % len(known)]


def outcome_is_named(_context: Any, response: Any, case: Any) -> None:
    """Each status is one that the document names for this call; "any other error" names none."""
    named = case.operation.definition.raw["responses"]
    assert str(response.status_code) in named, (case.operation.label, response.status_code)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def test_the_document_is_made_from_what_serves(replayable: Replayable) -> None:
    app = replayable.app
    document = app.test_client().get(f"{V1}/openapi.json").json
    assert document is not None
    assert document["openapi"].startswith("3.1")
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    served = {
        (rule.rule.replace("<id:", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    assert len(served) > 20


def test_the_document_tells_what_a_program_must_know(replayable: Replayable) -> None:
    document: Any = replayable.app.test_client().get(f"{V1}/openapi.json").json
    optional = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
            assert ("Idempotent-Replayed" in success["headers"]) == (method != "get"), (method, path)
            for status in ("429", "503"):
                assert "Retry-After" in operation["responses"][status]["headers"]
            if not operation.get("requestBody", {"required": True})["required"]:
                optional.add(operation["operationId"])
    assert optional == {"confirm_delete", "convert_to_regular", "update_mailbox", "update_member"}


def test_the_examples_are_what_they_are_examples_of(replayable: Replayable) -> None:
    document: Any = replayable.app.test_client().get(f"{V1}/openapi.json").json
    seen = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                (example,) = document["components"]["schemas"][name]["examples"]
                getattr(bodies, name).model_validate(example)
                seen.add(name)
    assert len(seen) == 10


def test_every_call_with_whatever_fits_or_not(replayable: Replayable) -> None:
    answered: Counter[str] = Counter()
    succeeded = set()
    for found in load(replayable.app).get_all_operations():
        replayable.go_back()
        operation = found.ok()
        one_by_one = settings(OURS, max_examples=20)

        @one_by_one
        @given(case=st.one_of([operation.as_strategy(mode) for mode in GenerationMode]))
        def call(case: Any) -> None:
            grounded(case, replayable)
            response = case.call(headers={"Authorization": f"Bearer {replayable.token}"})
            case.validate_response(response, checks=[*CHECKS, outcome_is_named])
            answered[case.operation.label] += 1
            if response.status_code < 300:
                succeeded.add(case.operation.label)

        call()
    assert len(answered) == 21
    assert set(answered) - succeeded == set()
    assert min(answered.values()) >= 5


def test_steps_in_any_order(replayable: Replayable) -> None:
    done: Counter[tuple[str, int]] = Counter()

    class Machine(load(replayable.app).as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            replayable.go_back()

        def before_call(self, case: Any) -> None:
            grounded(case, replayable)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {replayable.token}"}}

        def validate_response(self, response: Any, case: Any, **kwargs: Any) -> None:
            done[case.operation.label, response.status_code] += 1
            case.validate_response(response, checks=[*CHECKS, outcome_is_named], **kwargs)

    Machine.run(settings=OURS)
    succeeded = {label for label, status in done if status < 300}
    called = {label for label, _ in done}
    assert len(called) >= 12, called
    assert len(succeeded) >= 8, succeeded
