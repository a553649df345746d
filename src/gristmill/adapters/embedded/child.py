"""The process that holds the model: it serves OpenAI's protocol on a free port of loopback until its stdin closes.

`EmbeddedServer` runs it in an interpreter of its own: the engine has no stop method, and a crash in it must not be
ours. It reads an `Order` as a line of JSON from stdin, so that the key shows in no list of processes, and answers with
`{"url": …}` on stdout. Whatever the engine prints goes to stderr.
"""

import json
import os
import signal
import sys

import xllamacpp

from gristmill.adapters.embedded.order import Order


def main() -> None:
    """Serve one order, and end with the parent: when that is gone, however it went, its end of stdin closes."""
    # Ctrl-C reaches every process of a terminal, but calls in flight may finish: only the parent says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answer:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        order = Order(**json.loads(sys.stdin.readline()))
        server = xllamacpp.Server(_parameters(order))
        answer.write(json.dumps({"url": server.listening_address}) + "\n")
    sys.stdin.read()


def _parameters(order: Order) -> xllamacpp.CommonParams:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = order.path
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [order.api_key]
    parameters.n_parallel = order.slots
    parameters.n_ctx = order.slots * order.context
    parameters.cache_ram_mib = 0  # the default keeps prompts that are done in up to 8 GiB
    # Its threads wait for each other hundreds of times a token: where other processes want the cores too, two on two
    # cores were 2 to 15 times slower than one (4 to 31 tokens a second against 55), and took 2 to 8 times the CPU.
    threads = max(len(os.sched_getaffinity(0)) // 2, 1)
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.ui = False
    parameters.verbosity = 1  # errors alone: the engine logs each call otherwise
    return parameters


if __name__ == "__main__":
    main()
