"""Does a text hold another, upper and lower case alike? As quick as each database can say it."""

from typing import Any

from sqlalchemy import ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import Boolean

_ESCAPE = "/"


class _Holds(GenericFunction[bool]):
    """`column` LIKE pattern, blind for case."""

    inherit_cache = True
    type = Boolean()


@compiles(_Holds)
def _for_most(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    column, pattern = list(element.clauses)
    return f"{compiler.process(column, **options)} ILIKE {compiler.process(pattern, **options)} ESCAPE '{_ESCAPE}'"


@compiles(_Holds, "sqlite")
def _for_sqlite(element: _Holds, compiler: SQLCompiler, **options: Any) -> str:
    """Its LIKE is blind for the case of ASCII letters; lower() on both sides knows no more, and takes twice as long."""
    column, pattern = list(element.clauses)
    return f"{compiler.process(column, **options)} LIKE {compiler.process(pattern, **options)} ESCAPE '{_ESCAPE}'"


def holds(column: Any, text: str) -> ColumnElement[bool]:
    """Every sign of `text` means itself."""
    plain = "".join(_ESCAPE + sign if sign in (_ESCAPE, "%", "_") else sign for sign in text)
    return _Holds(column, literal(f"%{plain}%"))
