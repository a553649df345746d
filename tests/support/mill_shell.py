"""The command in a process of its own, with a home and a folder of a test's own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class GristmillShell:
    """Runs commands in a folder."""

    folder: Path

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRISTMILL_", "OPENAI_"))}
        source = str(Path(__file__).parents[2] / "src")
        return subprocess.run(
            [sys.executable, "-m", "gristmill", *words],
            cwd=self.folder,
            env={**kept, "GRISTMILL_HOME": str(self.folder / "home"), "PYTHONPATH": source},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
