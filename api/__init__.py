"""How do scripts and agents do what the console does? The same law as JSON, and as tools over MCP."""
