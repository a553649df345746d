"""Settings in, open ports out: the only room that names an adapter."""
