"""Users, sessions, keys, limits and the audit log: who may do what."""
