"""The people of the tests of `auth`, and a browser without JavaScript for them."""

from tests.auth.conftest import _cheap_hashing, _sqlite_template, _vault, app, browser

__all__ = ["_cheap_hashing", "_sqlite_template", "_vault", "app", "browser"]
