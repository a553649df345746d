"""A server on 127.0.0.1 beside its in-process client: the same application, over real HTTP."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.testclient import TestClient


@contextmanager
def serve(client: TestClient) -> Iterator[str]:
    """The address of a server of the client's application, whose lifespan and event loop stay the client's."""
    portal = client.portal
    assert portal is not None
    server = uvicorn.Server(uvicorn.Config(client.app, lifespan="off", log_config=None, access_log=False, ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = portal.start_task_soon(server.serve, [listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            running.result(timeout=30)
