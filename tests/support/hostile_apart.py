"""Hostile templates in a process of their own: nothing that measures slows them, or is cut off where they are ended.

`python -m support.hostile_apart render NAME…` and `… run FOLDER NAME…` print JSON. The watchdog raises wherever the
process stands, and coverage's own locks are no place for that: call it with the environment of `apart`.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gristmill.domain.ids import JobId, Slot
from gristmill.domain.scope import Scope
from gristmill.errors import GristmillError
from gristmill.recipes import compile_template, lint_template, render_messages
from gristmill.worker.watchdog import watch_rendering
from support.hostile import HARMLESS, PROMPTS
from support.mill import FakeModels, Mill, echo
from support.shell import unmeasured
from support.templates import one_step


def apart(*words: str) -> Any:
    """What this module says when it runs in a process that nobody measures."""
    command = [sys.executable, "-m", "support.hostile_apart", *words]
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH"))))
    environment = {**unmeasured(), "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def render(name: str) -> dict[str, Any]:
    """How a prompt that lints clean ends when it is rendered, with the CPU seconds and bytes from lint to end."""
    begun, before = time.process_time(), _own_most_memory()
    with watch_rendering():
        source = one_step({**PROMPTS, **HARMLESS}[name][0])
        errors = [str(finding) for finding in lint_template(source) if finding.severity == "error"]
        recipe = compile_template(source)
        code, words = "", ""
        try:
            (message,) = render_messages(recipe, recipe.steps[0], Scope(slot=Slot(0), seed={}))
            words = message.content
        except GristmillError as error:
            code, words = error.code, str(error)
    used = {"seconds": time.process_time() - begun, "grown": _own_most_memory() - before}
    return {"errors": errors, "code": code, "words": words, **used}


async def run(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """How a job for each prompt ends, and a plain one beside them, all in this one process."""
    hostile = {name: Mill(folder, JobId(f"hostile-{number}")) for number, name in enumerate(names)}
    other, models = Mill(folder, JobId("other")), FakeModels(echo)
    for name, mill in hostile.items():
        await mill.order(one_step(PROMPTS[name][0], rest="attempts: {redraw: 0}"), records=1)
    await other.order(records=20)
    async with asyncio.TaskGroup() as group:
        for number, mill in enumerate((*hostile.values(), other)):
            group.create_task(mill.work(models, worker=f"worker-{number}"))
    ended = {name: await mill.read() for name, mill in hostile.items()}
    beside = await other.read()
    return {
        "reasons": {name: [row.reason for row in outcome.rejects] for name, outcome in ended.items()},
        "statuses": sorted({outcome.job.status for outcome in ended.values()}),
        "beside": [beside.job.status, len(beside.records)],
        "asked": str(models.asked),
    }


def most_memory(status: str) -> int:
    """The most bytes a program has had in memory, by what the kernel says of it in /proc/PID/status.

    `ru_maxrss` would count what its parent had, too.
    """
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _own_most_memory() -> int:
    return most_memory(Path("/proc/self/status").read_text())


def main() -> None:
    """Print what is asked for, as one line of JSON behind whatever is logged."""
    match sys.argv[1:]:
        case ["render", *names]:
            answer: Any = {name: render(name) for name in names}
        case ["run", folder, *names]:
            answer = asyncio.run(run(Path(folder), names))
        case words:
            raise SystemExit(f"cannot {words}")
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
