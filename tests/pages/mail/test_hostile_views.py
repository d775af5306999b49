"""Every hostile message opens, or says why it can't: on every page, quickly, and never with an error of ours."""

import re
import time
from collections.abc import Iterator
from email.message import Message
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.cast import EVE, HELP
from tests.effort import BOMB, effort
from tests.hostile.names import NAMES, TYPES
from tests.pages.mail.hostile_mail import HostileMail, with_html
from tests.servers.harness import World
from tests.visitor import Visitor, folder_url

FRAGMENT = {"HX-Request": "true"}
ODD_SEGMENTS = ["%00", "%ff", "é", "9" * 400, "99999999999999999999", "~2", "%2e%2e", "a" * 3000, "<b>", "{{7}}", "1.1"]
FILE = re.compile(r'href="(/mail/[^"]+/(?:part|open)/[^"]+)"')


@pytest.fixture(scope="module")
def eve(app: Flask, world: World) -> Visitor:
    return Visitor(app, EVE).come_back(world.sign_in(EVE))


def bounded(visitor: Visitor, url: str, **headers: str) -> TestResponse:
    began = time.thread_time()
    answer = visitor.get(url, **headers)
    spent = time.thread_time() - began
    assert len(answer.data) < 12_000_000, url
    assert spent < 1 or spent / effort() < BOMB, url
    return answer


def test_every_message_opens_prints_and_shows_its_source(eve: Visitor, hostile: HostileMail) -> None:
    for name, url in hostile.pages.items():
        for view, wanted in (("", "<article"), ("/print", "<h1"), ("/source", "<pre"), ("/message.eml", "")):
            answer = bounded(eve, url + view, **(FRAGMENT if not view else {}))
            assert answer.status_code == 200, (name, view)
            assert wanted.encode() in answer.data, (name, view)


def test_every_message_stands_in_the_list(eve: Visitor, hostile: HostileMail) -> None:
    for address, urls in ((EVE, hostile.pages), (HELP, hostile.bombs)):
        listed: set[str] = set()
        for number in range(1, 11):
            answer = bounded(eve, f"{folder_url(address)}?page={number}")
            assert answer.status_code == 200
            listed |= set(re.findall(r'data-ref="([^"]+)"', answer.text))
        assert {url.rpartition("/")[2] for url in urls.values()} <= listed


def test_a_whole_page_about_a_message_is_well_made(eve: Visitor, hostile: HostileMail) -> None:
    for name in list(hostile.pages)[::12]:
        eve.page(hostile.pages[name])


@pytest.mark.parametrize(
    "words", ["<script>", 'a"b\\c', "Grüße 文字", "{1000000}", "*)", "\x00\r\nA LOGOUT", "\ud7ff", "%", "a " * 80]
)
def test_eve_finds_them_whatever_she_types(eve: Visitor, words: str) -> None:
    for field in ("q", "from", "subject"):
        answer = eve.client.get(folder_url(EVE), query_string={field: words})
        assert answer.status_code in (200, 400), (field, words)


def test_every_message_can_be_answered_passed_on_or_taken_for_a_draft(eve: Visitor, hostile: HostileMail) -> None:
    for name, url in hostile.pages.items():
        for view in ("reply", "reply-all", "forward", "draft"):
            answer = bounded(eve, f"{url}/{view}", **FRAGMENT)
            assert answer.status_code in (200, 422), (name, view)
            assert 'id="compose"' in answer.text or "can't be shown safely" in answer.text, (name, view)


def test_nothing_a_message_says_becomes_a_header_of_the_answer(eve: Visitor, hostile: HostileMail) -> None:
    for name, url in hostile.of("header").items():
        for view in ("reply", "reply-all", "forward"):
            fields = eve.page(f"{url}/{view}").fields
            assert fields["bcc"] == "", name
            for field in ("to", "cc", "subject"):
                assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", fields[field]), (name, field)


def _addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Every route with something odd in each of its places; in the one of the mailbox also eve's own."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ("static", "auth.logout"):
            continue
        method = "GET" if "GET" in (rule.methods or set()) else "POST"
        for odd in ODD_SEGMENTS:
            for path in {rule.rule, rule.rule.replace("<mailbox>", EVE), rule.rule.replace("<folder:folder>", "INBOX")}:
                filled = path.replace("<mailbox>", EVE) if "INBOX" in path else path
                yield method, re.sub(r"<[^>]+>", odd, filled)


def test_whatever_stands_in_an_address_is_no_error_of_ours(app: Flask, eve: Visitor) -> None:
    token = eve.token()
    for method, url in _addresses(app):
        answer = eve.client.open(url, method=method, data={"csrf_token": token, "ref": "9.9"})
        assert answer.status_code < 500, (method, url)
        answer.close()  # some of them are files


def test_bodies_are_documents_of_their_own_with_a_policy_of_their_own(eve: Visitor, hostile: HostileMail) -> None:
    found = with_html(eve, hostile.pages)
    for url in found.values():
        headers = eve.get(url).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith(
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:;"
        )
        assert "script" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


class Written(HTMLParser):
    """The tags inside the plain text of a message's page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self._depth:
            self.tags.append((tag, attributes))
        if tag == "div" and (self._depth or attributes.get("class") in ("written", "written quoted")):
            self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag == "div":
            self._depth -= 1


def test_plain_text_is_links_lines_and_quotes_and_nothing_else(eve: Visitor, hostile: HostileMail) -> None:
    seen = 0
    for name, url in hostile.pages.items():
        for tag, attributes in Written(eve.get(url, **FRAGMENT).text).tags:
            seen += 1
            allowed = {"a": {"href", "title", "target", "rel"}, "div": {"dir"}}.get(tag, set())
            assert tag in ("a", "br", "div", "blockquote"), name
            assert set(attributes) <= allowed, name
            assert attributes.get("href", "http:").startswith(("http:", "https:", f"/mail/{EVE}/compose?")), name
            assert "noopener" in attributes.get("rel", "noopener"), name
    assert seen > 20


def _files(eve: Visitor, url: str) -> list[str]:
    return [found.replace("&amp;", "&") for found in FILE.findall(eve.get(url, **FRAGMENT).text)]


def test_attachments_of_any_name_and_type_are_files_to_keep(eve: Visitor, hostile: HostileMail) -> None:
    assert (len(NAMES) >= 22, len(TYPES) >= 18) == (True, True)
    for name, url in hostile.of("name", "type", "cid", "mime").items():
        for link in _files(eve, url):
            if "/part/" not in link:
                continue
            answer = eve.get(link)
            assert (answer.status_code, answer.data is not None) == (200, True), name
            assert answer.content_type == "application/octet-stream", name
            assert answer.headers["X-Content-Type-Options"] == "nosniff", name
            assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'"), name
            _is_safe_to_save(answer.headers["Content-Disposition"], name)


def _is_safe_to_save(disposition: str, name: str) -> None:
    assert disposition.startswith("attachment; "), name
    header = Message()
    header["Content-Disposition"] = disposition
    plain = re.search(r'filename="([^"]*)"', disposition)
    encoded = re.search(r"filename\*=UTF-8''(\S+)$", disposition)
    assert plain is not None, name
    assert encoded is not None, name
    for saved in (plain[1], unquote(encoded[1])):
        assert saved.strip(" .") == saved != "", name
        assert not re.search(r'[\x00-\x1f\x7f-\x9f/\\<>:"|?*\u202a-\u202e\u2066-\u2069\u200b]', saved), (name, saved)
        assert not re.match(r"(con|aux|nul|lpt\d)(\.|$)", saved, re.IGNORECASE), (name, saved)
        assert len(saved.encode()) <= 200, name


def test_only_a_proven_picture_opens_in_the_browser(eve: Visitor, hostile: HostileMail) -> None:
    opened = {}
    for name, url in hostile.of("type").items():
        for link in _files(eve, url):
            answer = eve.get(link.replace("/part/", "/open/"))
            opened[name] = (answer.status_code, answer.content_type)
            assert answer.data
            if answer.status_code == 200:
                assert answer.headers["Content-Disposition"].startswith("inline; "), name
                assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'"), name
                assert answer.headers["X-Content-Type-Options"] == "nosniff", name
            else:
                assert answer.status_code == 404, name
    assert len(opened) >= 18
    assert {name: kind for name, (status, kind) in opened.items() if status == 200} == {"type-html-as-gif": "image/gif"}


def test_a_body_that_shows_a_file_which_is_no_picture_is_shown_without_it(eve: Visitor, hostile: HostileMail) -> None:
    for name in ("cid-svg", "cid-script-id", "cid-path"):
        answer = eve.get(f"{hostile.pages[name]}/body")
        assert answer.status_code == 200, name
        assert "svg" not in answer.text, name
