"""The world of the servers' tests."""

from tests.servers.conftest import cluster, world

__all__ = ["cluster", "world"]
