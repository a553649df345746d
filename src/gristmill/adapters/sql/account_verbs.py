"""The store's verbs for users, sessions, keys, limits and the audit log."""

from gristmill.adapters.sql.connected import Connected


class AccountVerbs(Connected):
    """`ports.accounts.AccountStore`; what each verb promises stands there."""
