"""The store's verbs for what a server adds to jobs: marks, exports, workers that live, and requests sent twice."""

from gristmill.adapters.sql.connected import Connected


class ServiceVerbs(Connected):
    """`ports.service.ServiceStore`; what each verb promises stands there."""
