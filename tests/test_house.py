"""The floors: imports only go down, and every third-party library has its doors."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = {"core": 0, "mail": 1, "auth": 1, "mailboxes": 2, "webmail": 3, "web": 4, "api": 4, "servers": 4}
SURFACE, DOOR = 4, 5
# Within a room: a folder imports from those above it in this table, and from nothing beside it.
WITHIN = {"mail": 0, "mail/html": 1, "mail/images": 1, "mail/message": 2, "mail/imap": 3, "mail/smtp": 3}
SURFACE_NAMES = ("views", "forms", "cli", "cookies", "settings_views", "settings_forms", "console_views")
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

# Library → where it may be imported: a file, a room, or every place on the surface. Those not named here: nowhere.
LIBRARIES = {
    "imaplib": ("mail/",),
    "imapclient": ("mail/",),
    "smtplib": ("mail/",),
    "pyotp": ("auth/totp.py",),
    "argon2": ("auth/passwords.py",),
    "segno": ("auth/",),
    "nh3": ("mail/html/sanitize.py",),
    "tinycss2": ("mail/html/style.py", "mail/html/style_rules.py", "mail/html/dark.py"),
    "chardet": ("mail/message/charsets.py",),
    "endec": ("mail/message/charsets.py",),
    "webencodings": ("mail/message/charsets.py",),
    "idna": ("mail/domains.py",),
    "cryptography": ("core/vault.py",),
    "aiosmtpd": ("servers/",),
    "waitress": ("servers/",),
    "alembic": ("migrations/",),
    "pydantic": ("api/",),
    "pydantic_core": ("api/",),
    "psycopg": ("core/", "servers/"),
    "werkzeug": ("surface",),
    "markupsafe": ("surface",),
    "spectree": ("api/",),
    "mcp": ("api/",),
    "httpx2": ("api/",),
    "starlette": ("api/",),
    "uvicorn": ("api/",),
    "h11": ("api/",),
    "sqlalchemy": ("core/", "auth/", "mailboxes/", "servers/"),
    "flask": ("surface",),
    "flask_login": ("surface",),
    "flask_wtf": ("surface",),
    "wtforms": ("surface",),
    "click": ("surface",),
}


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from (ROOT / room).rglob("*.py")
    yield ROOT / "app.py"


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def folder(path: Path) -> str:
    return str(path.parent.relative_to(ROOT))


def is_surface(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    room = parts[0].removesuffix(".py")
    on_surface = any(
        part.removesuffix(".py") in SURFACE_NAMES or part.startswith(("views", "forms")) for part in parts[1:]
    )
    return ROOMS.get(room, DOOR) >= SURFACE or on_surface


def floor(path: Path) -> int:
    if path == ROOT / "app.py":
        return DOOR
    return SURFACE if is_surface(path) else ROOMS[path.relative_to(ROOT).parts[0]]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def target_of(module: str) -> Path | None:
    """The file of ours that this import means, or None."""
    path = ROOT.joinpath(*module.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if found.is_file():
            return found
    return None


def test_imports_only_go_down() -> None:
    upward = [
        f"{name_of(path)} imports {module}"
        for path in sources()
        for module in imported(path)
        if (target := target_of(module))
        and module.split(".")[0] in ROOMS
        and target.name != "__init__.py"
        and floor(target) > floor(path)
    ]
    assert upward == []


def test_folders_of_a_room_do_not_go_round_in_circles() -> None:
    circles = [
        f"{name_of(path)} imports {module}"
        for path in sources()
        if (here := folder(path)) in WITHIN
        for module in imported(path)
        if (target := target_of(module)) and (there := folder(target)) in WITHIN
        if here != there and WITHIN[there] >= WITHIN[here]
    ]
    assert circles == []
    assert {folder(path) for path in sources() if folder(path).partition("/")[0] == "mail"} == set(WITHIN)


def test_people_and_wire_do_not_know_each_other() -> None:
    meetings = [
        f"{name_of(path)} imports {module}"
        for path in sources()
        if floor(path) == ROOMS["auth"]
        for module in imported(path)
        if module.split(".")[0] in {"auth", "mail"} - {path.relative_to(ROOT).parts[0]}
    ]
    assert meetings == []


def test_nobody_imports_the_front_door() -> None:
    assert [name_of(path) for path in sources() if "app" in imported(path)] == []


def test_every_library_comes_in_by_its_door() -> None:
    strays = [
        f"{name_of(path)} imports {module}"
        for path in sources()
        for module in {found.split(".")[0] for found in imported(path)}
        if (module in LIBRARIES or is_foreign(module))
        and path != ROOT / "app.py"
        and not may_import(path, LIBRARIES.get(module, ()))
    ]
    assert strays == []


def is_foreign(module: str) -> bool:
    return module not in sys.stdlib_module_names and module not in {*ROOMS, "app", "migrations"}


def may_import(path: Path, places: tuple[str, ...]) -> bool:
    return any(name_of(path).startswith(place) or (place == "surface" and is_surface(path)) for place in places)


def test_no_module_shadows_what_others_import() -> None:
    assert [name_of(path) for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_every_room_says_its_one_question() -> None:
    for room in ROOMS:
        if (ROOT / room / "__init__.py").exists():
            assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())), room


def test_the_walk_saw_the_house() -> None:
    seen = {path.relative_to(ROOT).parts[0] for path in sources()}
    assert {"core", "mail", "auth", "mailboxes", "webmail", "web", "servers", "app.py"} <= seen
    assert len(list(sources())) > 80
