"""Pages travel compressed to browsers that take them so, and their length tells nothing exact."""

import gzip
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.apps import made
from tests.servers.harness import World

STYLE = "/static/css/base.css"
Ask = Callable[..., TestResponse]
GZIP = {"Accept-Encoding": "br;q=1.0, gzip;q=0.8"}


@pytest.fixture(scope="module")
def app() -> Iterator[Flask]:
    with World(mail=False) as world, made(world.config) as app:
        yield app


@pytest.fixture
def ask(app: Flask) -> Ask:
    """Gets a page, whole: a file that was begun is closed again."""
    return partial(app.test_client().get, buffered=True)


def test_a_page_is_compressed_for_whoever_takes_it(ask: Ask) -> None:
    answer = ask("/login", headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert b"Sign in" in gzip.decompress(answer.data)


@pytest.mark.parametrize("taken", ["", "identity", "gzip;q=0", "br"])
def test_whoever_does_not_take_it_gets_the_words(ask: Ask, taken: str) -> None:
    answer = ask("/login", headers={"Accept-Encoding": taken})
    assert "Content-Encoding" not in answer.headers
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "Sign in" in answer.text


def test_the_same_words_are_never_of_the_same_length_for_long(ask: Ask) -> None:
    answers = [ask(STYLE, headers=GZIP).data for _ in range(40)]
    assert {gzip.decompress(answer) for answer in answers} == {ask(STYLE).data}
    assert len({len(answer) for answer in answers}) > 10


def test_a_style_that_is_there_already_is_not_sent_again(ask: Ask) -> None:
    first = ask(STYLE, headers=GZIP)
    assert first.headers["ETag"].startswith("W/")
    again = ask(STYLE, headers=GZIP | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Encoding" not in again.headers


def test_a_part_of_a_file_and_what_is_tiny_go_as_they_are(ask: Ask) -> None:
    part = ask(STYLE, headers=GZIP | {"Range": "bytes=0-99"})
    assert (part.status_code, len(part.data)) == (206, 100)
    for answer in (part, ask("/health", headers=GZIP)):
        assert "Content-Encoding" not in answer.headers


def test_the_api_answers_plainly(ask: Ask) -> None:
    """Whoever writes a script reads the document, which says JSON."""
    answer = ask("/api/v1/openapi.json", headers=GZIP)
    assert len(answer.data) > 10_000
    assert answer.json
