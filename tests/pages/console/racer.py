"""`python -m tests.pages.console.racer`: a web process of its own, in which an owner posts when told to.

Each line in is a JSON list of path, form and the token of their session; it gets ready (the page is asked for, the
form's token taken), says so, waits for another line, posts, and says status and text.
"""

import json
import os
import re
import sys

from app import create_app
from auth.passwords import Cost, hashing_cost
from core.config import Config


def main() -> None:
    client = create_app(Config.from_env(os.environ)).test_client()
    for line in sys.stdin:
        path, form, token = json.loads(line)
        client.set_cookie("postroom-console", token)
        found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/console/domains").text)
        assert found
        _say("ready")
        sys.stdin.readline()
        answer = client.post(path, data={"csrf_token": found[1]} | form)
        _say(json.dumps([answer.status_code, answer.text]))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    with hashing_cost(Cost(passes=1, memory_kib=8, lanes=1)):
        main()
