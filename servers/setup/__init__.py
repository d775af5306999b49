"""What a machine needs before anything starts, and how it gets it."""
