"""What a server logs on a terminal and elsewhere: never what a variable held."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

# In a process of its own: how a process logs is set once, for all of it.
FALL = """
import asyncio, logging, structlog
from gristmill.wiring.logs import open_server_log
open_server_log()
password = "correct horse battery"
for error in (ZeroDivisionError("by zero"), asyncio.CancelledError()):
    try:
        raise error
    except BaseException as fallen:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=fallen)
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: the reader's, and the program's."""
    ends = os.openpty()
    yield ends
    for end in ends:
        os.close(end)


def test_an_error_is_a_line_of_json_where_nobody_reads_and_a_cut_off_request_is_none() -> None:
    said = subprocess.run([sys.executable, "-c", FALL], capture_output=True, check=True).stderr
    (line,) = map(json.loads, said.splitlines())
    assert (line["event"], line["level"], line["logger"]) == ("Exception in ASGI application", "error", "uvicorn.error")
    assert "ZeroDivisionError" in line["exception"]
    assert b"correct horse" not in said


def test_an_error_on_a_terminal_shows_no_variable(terminal: tuple[int, int]) -> None:
    reader, program = terminal
    subprocess.run([sys.executable, "-c", FALL], stderr=program, check=True)
    said = os.read(reader, 65_536)
    assert b"ZeroDivisionError" in said
    assert b"correct horse" not in said
