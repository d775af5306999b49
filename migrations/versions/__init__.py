"""One step of the schema each, in their order."""
