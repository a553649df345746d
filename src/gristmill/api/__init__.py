"""The HTTP API: parse, authorise, call the use cases, shape the answer."""
