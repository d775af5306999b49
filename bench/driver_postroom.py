"""Postroom for a client that measures webmail servers side by side.

    bench_webmail.py run --driver bench/driver_postroom.py:Postroom:url=http://127.0.0.1:22090,run=data-bench/run \
        --driver imap --users small,medium,big

Each task asks for what the page's own scripts ask for. Opening a message includes the frame its HTML is shown in, a
second request; switching folders includes the whole page, as the link in the sidebar does.
"""

import html
import re
from typing import Any
from urllib.parse import quote, urlencode

from bench_webmail import Driver, Http  # type: ignore[import-not-found]  # the client that loads this file

DOMAIN = "bench.test"
_FRAGMENT = (("HX-Request", "true"),)


class Postroom(Driver):  # type: ignore[misc]
    def __init__(
        self, url: str = "http://127.0.0.1:22090", label: str = "postroom", run: str = "data-bench/run"
    ) -> None:
        self.label, self.http = label, Http(url)
        self.groups = {"postroom": f"{run}/web.pid", "dovecot": f"{run}/dovecot/master.pid"}
        self.uidvalidity: dict[str, str] = {}

    def sign_in(self, user: str, password: str) -> Any:
        self.address = user if "@" in user else f"{user}@{DOMAIN}"
        form = {"address": self.address, "password": password, "csrf_token": _token(self._get("/login"))}
        answer = self.http.request("POST", "/login", form)
        if answer.status != 303:
            raise RuntimeError(f"sign-in refused: HTTP {answer.status}")
        page = self._list_of("INBOX", fragment=False)
        self.token = _token(page)
        return page

    def list_first(self, folder: str) -> Any:
        return self._list_of(folder)

    def list_page(self, folder: str, page: int) -> Any:
        return self._list_of(folder, page=page)

    def reload(self, folder: str) -> Any:
        return self._list_of(folder, fragment=False)

    def switch_folder(self, folder: str) -> Any:
        return self._list_of(folder, fragment=False)

    def open(self, folder: str, uid: int) -> Any:
        ref = f"{self.uidvalidity[folder]}.{uid}"
        message = self._get(self._url(folder) + ref, _FRAGMENT)
        if frame := re.search(r'<iframe[^>]* src="([^"]+)"', message.text):
            self._get(html.unescape(frame[1]))
        return message

    def search(self, folder: str, field: str, text: str) -> Any:
        if field == "body":
            raise NotImplementedError  # words are looked for in headers and text together
        return self._list_of(folder, True, **{field: text})

    def mark(self, folder: str, uid: int, seen: bool) -> Any:
        form = {"ref": f"{self.uidvalidity[folder]}.{uid}", "csrf_token": self.token}
        url = self._url(folder) + ("read" if seen else "unread")
        return _checked(self.http.request("POST", url, form, _FRAGMENT))

    def count(self, reply: Any) -> int:
        if "Clear search" in reply.text:
            found = re.search(r'class="list-range">[^<]* of (\d+)<', reply.text)
            return int(found[1]) if found else 0
        return len(re.findall(r'<li class="row[^>]*data-ref=', reply.text))

    def contains(self, reply: Any, text: str) -> bool:
        return text in html.unescape(reply.text)

    def totals(self) -> tuple[int, int]:
        return self.http.requests, self.http.bytes_in

    def close(self) -> None:
        self.http.close()

    def _list_of(self, folder: str, fragment: bool = True, **query: Any) -> Any:
        asked = f"?{urlencode(query)}" if query else ""
        reply = self._get(self._url(folder) + asked, _FRAGMENT if fragment else ())
        if found := re.search(r'data-ref="(\d+)\.', reply.text):
            self.uidvalidity[folder] = found[1]
        return reply

    def _url(self, folder: str) -> str:
        return f"/mail/{self.address}/f/{quote(folder)}/"

    def _get(self, url: str, headers: tuple[tuple[str, str], ...] = ()) -> Any:
        return _checked(self.http.request("GET", url, None, headers))


def _checked(reply: Any) -> Any:
    if reply.status != 200:
        raise RuntimeError(f"HTTP {reply.status}")
    return reply


def _token(page: Any) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
    if not found:
        raise RuntimeError("no form token: not signed in")
    return found[1]
