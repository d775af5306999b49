"""The demo world: its people and their mail."""
