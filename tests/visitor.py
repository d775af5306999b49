"""A person at a browser without JavaScript: Flask's test client, with the forms' tokens and a check of every page."""

import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import quote

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.cast import PASSWORD, TESS, TESS_SECRET


class Page(HTMLParser):
    """What a page says and links to, and whether it is well made."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.title = ""
        self.headings = 0
        self.ids: Counter[str] = Counter()
        self.forms: set[str] = set()
        self.owners: set[str] = set()  # the forms that controls outside of them say they belong to
        self.links: dict[str, str] = {}
        self.controls: list[str] = []
        self.fields: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self._inert = 0  # inside a <template>, whose content isn't part of the page
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._inert += tag == "template"
        if found.get("id") and not self._inert:
            self.ids[found["id"]] += 1
        self.headings += tag == "h1"
        if tag == "form" and not self._inert:
            self.forms.add(found.get("id", ""))
        if "form" in found and not self._inert:
            self.owners.add(found["form"])
        if tag == "input" and "name" in found:
            self.fields.setdefault(found["name"], found.get("value", ""))
        for name in ("href", "formaction", "action"):
            if name in found:
                self.controls.append(found[name])
        if tag in ("a", "title", "textarea", "button"):
            self._open.append((tag, found.get("href", "") or found.get("name", "")))
            if tag == "textarea":
                self.fields[found.get("name", "")] = ""

    def handle_endtag(self, tag: str) -> None:
        self._inert -= tag == "template"
        if self._open and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            return
        tag, about = self._open[-1]
        if tag == "title":
            self.title += data
        elif tag == "textarea":
            self.fields[about] += data
        elif tag == "a" and about:
            self.links[about] = (self.links.get(about, "") + data).strip()

    @property
    def text(self) -> str:
        return unescape(re.sub(r"<[^>]*>", " ", self.html))

    def check(self) -> None:
        """Every whole page: a title, one h1, no id twice or with a blank, controls of forms that are there."""
        assert self.title.strip(), "a page without a title"
        assert self.headings == 1, f"{self.headings} h1 on {self.title!r}"
        assert [name for name, count in self.ids.items() if count > 1] == [], f"ids twice on {self.title!r}"
        assert [name for name in self.ids if name.split() != [name]] == [], f"ids with blanks on {self.title!r}"
        assert self.owners <= self.forms, f"forms that aren't there on {self.title!r}"


class Visitor:
    """Somebody using the pages."""

    def __init__(self, app: Flask, address: str = "") -> None:
        self.address = address
        self.client: FlaskClient = app.test_client()

    def sign_in(self, password: str = PASSWORD) -> Self:
        """Through the sign-in pages, with the second factor where there is one."""
        answer = self.post("/login", {"address": self.address, "password": password}, token=self.token("/login"))
        if self.address == TESS:
            code = {"code": pyotp.TOTP(TESS_SECRET).now()}
            answer = self.post("/login/code", code, token=self.token("/login/code"))
        assert answer.status_code == 303, answer.text
        return self

    def come_back(self, token: str) -> Self:
        """With the cookie of a session that was made before."""
        self.client.set_cookie("postroom", token)
        return self

    def get(self, url: str, **headers: str) -> TestResponse:
        return self.client.get(url, headers=headers)

    def page(self, url: str, status: int = 200) -> Page:
        """The page at this URL, following redirects."""
        answer = self.client.get(url, follow_redirects=True)
        assert answer.status_code == status, f"{url}: {answer.status_code}"
        page = Page(answer.text)
        page.check()
        return page

    def post(self, url: str, data: dict[str, Any], *, token: str = "", **headers: str) -> TestResponse:
        """A form sent with its token; without one given, the token of any page this person sees."""
        form = {"csrf_token": token or self.token()} | data
        return self.client.post(url, data=form, headers=headers, content_type="multipart/form-data")

    def token(self, url: str = "/settings/security") -> str:
        """The token that the forms of this person carry."""
        return self.page(url).fields["csrf_token"]


def folder_url(mailbox: str, folder: str = "INBOX") -> str:
    return f"/mail/{mailbox}/f/{quote(folder)}/"
