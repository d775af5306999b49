"""What does every page share? The gate, the request's context, htmx, errors and headers."""
