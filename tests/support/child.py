"""A real process that runs some lines of Python with Gristmill and the tests' support importable."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

TESTS = Path(__file__).parents[1]


@contextmanager
def start_python(script: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The process and its stdout; its stdin stays open until the end, when it is killed if it still lives."""
    path = os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)])
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout
        finally:
            process.kill()
