"""What the web server refuses before the application sees it: as JSON where programs ask."""

import json

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask

from api.envelope import HTTP_WORDS, INTERNAL, error_body
from api.request_ids import HEADER, new_request_id

_PROGRAMS = "/api/"


class _Refusal(ErrorTask):  # type: ignore[misc]
    """A request that is too large or no HTTP at all."""

    def execute(self) -> None:
        if not _asked_for(self.request).startswith(_PROGRAMS):
            super().execute()
            return
        error, about = self.request.error, new_request_id()
        code, message = HTTP_WORDS.get(error.code, INTERNAL if error.code >= 500 else HTTP_WORDS[400])
        body = error_body(code, message, about)
        if code == "validation_failed":
            body["fields"] = {}
        content = json.dumps({"error": body}).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [("Content-Type", "application/json"), (HEADER, about)]
        self.set_close_on_finish()
        self.content_length = len(content)
        self.write(content)


def _asked_for(request: HTTPRequestParser) -> str:
    """The path. Of a request whose head is too long only the beginning is there, unread."""
    words = bytes(request.header_plus).split(b" ", 2)
    return words[1].decode("latin-1") if len(words) > 2 else str(request.path)


class Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _Refusal
