"""Dovecot: which one there is, its configuration, what it asks us, starting and stopping it."""
