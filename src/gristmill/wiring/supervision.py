"""Workers of a server on this machine."""

from gristmill.adapters.local import Supervisor

__all__ = ["Supervisor", "open_supervisor"]


def open_supervisor(workers: int) -> Supervisor:
    """What keeps so many workers of the settings' store running, once it runs itself."""
    return Supervisor(workers)
