"""The command line, with a home and a folder of a test's own."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

from gristmill.cli.boundary import run_command
from support.shell import GRISTMILL, unmeasured

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True, slots=True)
class GristmillShell:
    """Runs commands in a folder: in this process, which has imported everything already; their workers in processes.

    Where other tests run the same code, coverage may stay out of those: it makes them take half as long again.
    """

    folder: Path
    home: Path | None = None
    is_measured: bool = True

    def __call__(self, *words: str, **own: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, with these variables of the environment besides."""
        out, err = _stream(), _stream()
        with (
            chdir(self.folder),
            _environment(self.environment | own),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            status = run_command(words)
        return subprocess.CompletedProcess(words, status, _said(out), _said(err))

    def start(self, *words: str, **own: str) -> "subprocess.Popen[str]":
        """Start a command in a process of its own; whoever starts it ends it."""
        return subprocess.Popen(
            [*GRISTMILL, *words],
            cwd=self.folder,
            env=self.environment | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a command finds: nothing that the machine's owner has set for Gristmill or a provider."""
        inherited = os.environ if self.is_measured else unmeasured()
        kept = {name: value for name, value in inherited.items() if not name.startswith(("GRISTMILL_", "OPENAI_"))}
        return {**kept, "GRISTMILL_HOME": str(self.home or self.folder / "home"), "PYTHONPATH": str(SOURCE)}


def _stream() -> TextIOWrapper:
    return TextIOWrapper(BytesIO(), encoding="utf-8", errors="replace", write_through=True)


def _said(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        _set_environment(variables)
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
