"""`python -m tests.console.racer TOKEN`: a web process of its own, in which one owner posts when told to.

Each line in is a JSON list of path and form; it gets ready (the page is asked for, the form's token taken), says so,
waits for another line, posts, and says status and text.
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
    client.set_cookie("postroom-console", sys.argv[1])
    for line in sys.stdin:
        path, form = json.loads(line)
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
