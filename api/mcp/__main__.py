"""`python -m api.mcp`: the tool server on standard input and output, for an agent on one's own machine.

POSTROOM_URL says where Postroom is, POSTROOM_TOKEN is the token its calls carry.
"""

import os
import sys

from api.mcp.rest_client import Bearer, RestClient
from api.mcp.tools import build


def main() -> None:
    url, token = os.environ.get("POSTROOM_URL", ""), os.environ.get("POSTROOM_TOKEN", "")
    if not url.startswith(("http://", "https://")) or not token:
        sys.exit("Set POSTROOM_URL (such as http://127.0.0.1:8000) and POSTROOM_TOKEN.")
    bearer = Bearer(token)
    build(RestClient(url), lambda _context: bearer).run("stdio")


if __name__ == "__main__":
    main()
