"""The process that reads one template: it says when it is ready, and gives findings as JSON for what stdin brings.

It holds no key, store or network, and the kernel bounds what it takes: memory, processor time, files.
"""

import json
import resource
import sys
from collections.abc import Mapping
from dataclasses import asdict

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 3
READY = "ready\n"

LIMITS: Mapping[int, int] = {
    resource.RLIMIT_DATA: MEMORY_BYTES,
    resource.RLIMIT_CPU: CPU_SECONDS,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}


def main() -> None:
    """Lint what stdin brings."""
    limit()
    # Only now: what is imported counts too, and nothing of the template is read before the limits stand.
    from gristmill.recipes import lint_template  # noqa: PLC0415

    sys.stdout.write(READY)
    sys.stdout.flush()
    source = sys.stdin.buffer.read().decode(errors="surrogatepass")
    findings = [asdict(finding) for finding in lint_template(source)]
    sys.stdout.write(json.dumps(findings))


def limit() -> None:
    """Let the kernel bound this process for good."""
    for what, most in LIMITS.items():
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


if __name__ == "__main__":
    main()
