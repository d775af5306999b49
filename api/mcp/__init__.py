"""The REST API as tools for agents, over HTTP and over standard input and output."""
