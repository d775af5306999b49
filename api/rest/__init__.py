"""The law as JSON: routes, shapes, outcomes and their document."""
