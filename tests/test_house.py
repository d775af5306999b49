"""The floors: imports only go down, and every third-party library has its place."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
# A room imports from those on lower floors.
FLOORS = {
    "core": 0,
    "mail": 1,
    "auth": 1,
    "mailboxes": 2,
    "webmail": 3,
    "migrations": 3,
    "web": 4,
    "api": 5,
    "pages": 5,
    "servers": 6,
    "commands": 7,
}
# Within a room: a folder imports from those on lower steps, and from nothing beside it.
STEPS = {
    "mail": 0,
    "mail/html": 1,
    "mail/images": 1,
    "mail/message": 2,
    "mail/imap": 3,
    "mail/smtp": 3,
    "migrations": 0,
    "migrations/versions": 1,
    "webmail": 0,
    "webmail/reading": 1,
    "webmail/writing": 2,
    "api": 0,
    "api/rest": 1,
    "api/mcp": 2,
    "pages": 0,
    "pages/sign_in": 1,
    "pages/settings": 2,
    "pages/console": 3,
    "pages/mail": 3,
    "servers": 0,
    "servers/dovecot": 1,
    "servers/demo": 1,
    "servers/setup": 2,
    "servers/smtp": 2,
    "servers/run": 3,
}
TOP = "app.py"
# What holds no code of the application.
BESIDE = {"tests", "bench"}
FORBIDDEN_NAMES = {
    "mailbox",
    "email",
    "platform",
    "site",
    "http",
    "token",
    "secrets",
    "code",
    "calendar",
    "mcp",
    "utils",
}

# Library → where it may be imported: files and folders. Those not named here: nowhere.
LIBRARIES = {
    "sqlite3": (),
    "imaplib": ("mail/imap/",),
    "imapclient": ("mail/imap/", "mail/probe.py"),
    "smtplib": ("mail/",),
    "pyotp": ("auth/totp.py",),
    "argon2": ("auth/passwords.py",),
    "segno": ("auth/totp.py",),
    "nh3": ("mail/html/sanitize.py",),
    "tinycss2": ("mail/html/style.py", "mail/html/style_rules.py", "mail/html/dark.py"),
    "chardet": ("mail/message/charsets.py",),
    "endec": ("mail/message/charsets.py",),
    "webencodings": ("mail/message/charsets.py",),
    "idna": ("mail/domains.py",),
    "cryptography": ("core/vault.py",),
    "aiosmtpd": ("servers/smtp/",),
    "waitress": ("servers/run/",),
    "alembic": ("migrations/",),
    "pydantic": ("api/",),
    "pydantic_core": ("api/",),
    "psycopg": ("servers/run/reader_role.py",),
    "werkzeug": ("web/", "pages/", "api/rest/"),
    "markupsafe": ("web/", "pages/"),
    "spectree": ("api/rest/",),
    "mcp": ("api/mcp/",),
    "httpx2": ("api/mcp/",),
    "starlette": ("api/mcp/",),
    "uvicorn": ("api/mcp/",),
    "h11": ("api/mcp/",),
    "sqlalchemy": ("core/", "auth/", "mailboxes/", "migrations/", "pages/console/", "servers/", "commands/"),
    "flask": ("web/", "pages/", "api/rest/", "commands/", TOP),
    "flask_login": ("web/",),
    "flask_wtf": ("web/", "pages/", TOP),
    "wtforms": ("web/forms.py", "pages/"),
    "click": ("commands/",),
}


def sources() -> Iterator[Path]:
    for name in FLOORS:
        yield from (ROOT / name).rglob("*.py")
    yield ROOT / TOP


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def folder(path: Path) -> str:
    return str(path.parent.relative_to(ROOT))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def imported(path: Path) -> Iterator[str]:
    """The modules that this file names in imports, wherever in it they stand; relative ones with their dots."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names if not node.level)


def target_of(module: str) -> Path | None:
    """The file of ours that this import means, or None."""
    path = ROOT.joinpath(*module.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.is_file():
            return found
    return None


def imports_of_ours() -> Iterator[tuple[Path, str, Path]]:
    """Who imports what, and the file that this is."""
    for path in sources():
        for module in imported(path):
            if module.split(".")[0] in FLOORS and (target := target_of(module)):
                yield path, module, target


def test_imports_only_go_down() -> None:
    upward = [
        f"{name_of(path)} imports {module}"
        for path, module, target in imports_of_ours()
        if name_of(path) != TOP and room(path) != room(target) and FLOORS[room(target)] >= FLOORS[room(path)]
    ]
    assert upward == []


def test_folders_of_a_room_do_not_go_round_in_circles() -> None:
    circles = [
        f"{name_of(path)} imports {module}"
        for path, module, target in imports_of_ours()
        if name_of(path) != TOP and room(path) == room(target)
        if folder(path) != folder(target) and STEPS.get(folder(target), 0) >= STEPS.get(folder(path), 0)
    ]
    assert circles == []


def test_files_of_a_folder_do_not_go_round_in_circles() -> None:
    """Packages apart, whose files may ask them for what they hold in common."""
    beside: dict[str, set[str]] = {}
    for path, _, target in imports_of_ours():
        if folder(path) == folder(target) and "__init__.py" not in (path.name, target.name):
            beside.setdefault(name_of(path), set()).add(name_of(target))
    TopologicalSorter(beside).prepare()  # raises CycleError


def test_every_file_has_its_place() -> None:
    everywhere = [path for path in ROOT.rglob("*.py") if not path.relative_to(ROOT).parts[0].startswith((".", "data"))]
    assert {folder(path) for path in everywhere if room(path) in FLOORS} == STEPS.keys() | FLOORS.keys()
    assert {room(path) for path in everywhere} == {*FLOORS, *BESIDE, TOP}


def test_every_import_says_where_from() -> None:
    assert [name_of(path) for path in sources() if any(module.startswith(".") for module in imported(path))] == []


def test_nobody_imports_the_application() -> None:
    assert [name_of(path) for path in sources() if "app" in imported(path)] == []


def test_every_library_comes_in_by_its_place() -> None:
    strays = [
        f"{name_of(path)} imports {module}"
        for path in sources()
        for module in {found.split(".")[0] for found in imported(path)}
        if (module in LIBRARIES or is_foreign(module)) and not name_of(path).startswith(LIBRARIES.get(module, ()))
    ]
    assert strays == []


def is_foreign(module: str) -> bool:
    return module not in sys.stdlib_module_names and module not in {*FLOORS, "app"}


def test_no_module_shadows_what_others_import() -> None:
    assert [name_of(path) for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_every_folder_says_its_one_question() -> None:
    for said in (ROOT / name / "__init__.py" for name in STEPS.keys() | FLOORS.keys()):
        assert ast.get_docstring(ast.parse(said.read_text())), said


def test_the_walk_saw_the_house() -> None:
    assert len(list(sources())) > 200
