"""The process that reads one template: it says when it is ready, and answers in JSON what stdin brings.

It holds no key, store or network, and the kernel bounds what it takes: memory, processor time, files.
"""

import json
import math
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 3
READY = "ready\n"

Verbs: TypeAlias = Mapping[str, Callable[..., Any]]

LIMITS: Mapping[int, int] = {
    resource.RLIMIT_DATA: MEMORY_BYTES,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}


def main() -> None:
    """Do what the first argument says with what stdin brings."""
    limit(LIMITS)
    verb = open_verbs()[sys.argv[1]]
    # What the start took, much where no byte code lies, is not the template's fault.
    limit({resource.RLIMIT_CPU: math.ceil(time.process_time()) + CPU_SECONDS})
    sys.stdout.write(READY)
    sys.stdout.flush()
    asked = json.load(sys.stdin)
    sys.stdout.write(json.dumps([plain(answer) for answer in verb(**asked)]))


def open_verbs() -> Verbs:
    """What can be done with a template, by name; much is loaded for it."""
    # Only now: the memory of what is imported counts too.
    from gristmill.domain.scope import Scope  # noqa: PLC0415
    from gristmill.recipes import compile_template, draft_attempt, lint_template  # noqa: PLC0415

    def draft(source: str, scopes: list[dict[str, Any]], fillers: Mapping[str, int]) -> list[Any]:
        recipe = compile_template(source)
        return [draft_attempt(recipe, Scope(**scope), fillers) for scope in scopes]

    return {"lint": lint_template, "draft": draft}


def plain(answer: Any) -> Any:  # noqa: ANN401 (a finding, or the drafts of an attempt)
    """The same as JSON takes it."""
    return [asdict(part) for part in answer] if isinstance(answer, tuple) else asdict(answer)


def limit(limits: Mapping[int, int]) -> None:
    """Let the kernel bound this process for good."""
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


if __name__ == "__main__":
    main()
