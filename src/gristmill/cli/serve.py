"""`gristmill serve`: the HTTP API, with workers that look after themselves."""

from typing import Annotated

from cyclopts import Parameter, validators

from gristmill.cli.boundary import OK
from gristmill.cli.terminal import say
from gristmill.wiring.settings import read_settings

Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))]
Workers = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=64))]


def serve(*, host: str = "127.0.0.1", port: Port = 8080, workers: Workers = 1) -> int:
    """Serve the HTTP API, and keep workers that make the records of its jobs. Ctrl-C or SIGTERM ends it in order.

    Example: gristmill serve --port 8080 --workers 2

    Parameters
    ----------
    host
        The address to listen on. Other machines reach it only on an address of their network, such as 0.0.0.0.
    port
        The port to listen on.
    workers
        How many worker processes to keep; 0 leaves the work to others on the same store.
    """
    read_settings()
    say(f"Gristmill serves on http://{host}:{port}; its API is described at /api/v1/docs. Ctrl-C ends it.")
    _run(host, port, workers)
    return OK
