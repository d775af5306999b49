"""Signing in and out: the steps, which people and owners share, and the people's own."""
