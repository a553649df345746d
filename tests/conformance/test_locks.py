"""One `run` has a folder; a second one is told who, and the kernel frees the folder of one that died."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gristmill.adapters.local import SystemClock, lock_folder
from gristmill.errors import BadInputError, InUseError
from support.child import start_python
from support.rows import NOON

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from gristmill.adapters.local import lock_folder
lock = lock_folder(Path(sys.argv[1]), now=datetime.now(UTC))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_holder_is_told_who_has_the_folder(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path / "dir", now=NOON)

    with pytest.raises(InUseError, match=rf"process {os.getpid()} on .*, started 2026-11-23T12:00:00\+00:00"):
        lock_folder(tmp_path / "dir", now=NOON)

    lock.release()
    lock.release()
    lock_folder(tmp_path / "dir", now=NOON).release()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    with start_python(HOLD, str(tmp_path)) as (process, stdout):
        assert stdout.readline() == b"held\n"
        with pytest.raises(InUseError, match=f"process {process.pid} "):
            lock_folder(tmp_path, now=NOON)
        process.kill()
        process.wait()

    lock_folder(tmp_path, now=NOON).release()


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadInputError, match="Choose another folder"):
        lock_folder(tmp_path / "file" / "dir", now=NOON)


def test_the_system_s_clocks_go_forward_and_tell_utc() -> None:
    clock = SystemClock()

    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)).total_seconds() < 60
    assert clock.monotonic() <= clock.monotonic()
