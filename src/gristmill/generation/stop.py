"""How a record's making ends early without being lost."""

from gristmill.errors import GristmillError


class StoppedError(GristmillError):
    """No call may start any more; what the attempt has paid for is kept for whoever goes on."""

    code = "stopped"
