"""A process that has everything loaded, and forks a child for each template: it reads none itself.

So each child starts in a few milliseconds, has what `child` has and no more, and is as bounded and as short-lived.
"""

import gc
import json
import os
import resource
import signal
import socket
from typing import NoReturn

from gristmill.adapters.renderer.child import CPU_SECONDS, LIMITS, READY, Verbs, limit, open_verbs, plain

STDIN = 0


def main() -> None:
    """Fork a child for each connection that comes over stdin, a socket, until whoever holds its other end is gone."""
    limit(LIMITS)
    verbs = open_verbs()
    # The kernel buries the children.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=STDIN) as asking:
        while connection := _receive(asking):
            try:
                is_child = os.fork() == 0
            except OSError:
                # Whoever asked finds the connection closed.
                is_child = False
            if is_child:
                _answer(verbs, connection, asking)
            connection.close()


def _receive(asking: socket.socket) -> socket.socket | None:
    _, descriptors, _, _ = socket.recv_fds(asking, 1, 1)
    return socket.socket(fileno=descriptors[0]) if descriptors else None


def _answer(verbs: Verbs, connection: socket.socket, asking: socket.socket) -> NoReturn:
    """Be the child: answer one question, and end without any of the ways in which its parent would."""
    status = 1
    try:
        # By the kernel's hand, whatever the template does: so much of the processor, and so much of the clock.
        limit({resource.RLIMIT_CPU: CPU_SECONDS})
        signal.setitimer(signal.ITIMER_REAL, CPU_SECONDS)
        asking.close()
        with connection, connection.makefile("rw") as caller:
            caller.write(READY)
            caller.flush()
            asked = json.load(caller)
            answers = verbs[asked["verb"]](**asked["told"])
            caller.write(json.dumps([plain(answer) for answer in answers]))
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
