"""Logs of workers and servers: one JSON line for each decision, never a prompt, a record or a secret."""

import asyncio
import io
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson
import structlog

from gristmill.domain.ids import JobId, WorkerId

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Bytes of lines kept for when there is room again; beyond them the latest are dropped.
MOST_WAITING = 1_000_000

_COMMON = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class _LogFile(io.FileIO):
    """A log whose lines wait while there is no room: a full disk must not end the work it holds up."""

    _waiting = b""

    def write(self, line: "ReadableBuffer", /) -> int:
        lines = self._waiting + bytes(line)
        try:
            written = super().write(lines)
        except OSError:
            written = 0
        self._waiting = lines[written : written + MOST_WAITING]
        return len(lines)


def open_log(folder: Path, worker: WorkerId, job: JobId | None = None) -> Path:
    """Send this process's log to a file of its own in the folder, and return its path.

    Every line names the worker, and the job if it has only one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"worker-{worker}.log"
    # Open as long as the process lives; unbuffered, so that a kill takes no line.
    _write_lines_to(cast("BinaryIO", _LogFile(path, "ab")))
    structlog.contextvars.bind_contextvars(worker=worker, **({} if job is None else {"job": job}))
    return path


def open_server_log() -> None:
    """Send this process's log to stderr: as JSON lines, or laid out for people where one is reading."""
    # Uvicorn speaks through the standard library; only what it warns of is worth a line.
    logging.basicConfig(level=logging.WARNING, handlers=[_Forwarded()], force=True)
    if not sys.stderr.isatty():
        _write_lines_to(sys.stderr.buffer)
        return
    # What a broken request held is nobody's to read: a traceback shows no values.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*_COMMON, console],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


class _Forwarded(logging.Handler):
    """What the standard library's loggers say, as a line of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass it on, but for what uvicorn says of requests that were cut off because the server ends."""
        if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
            return
        told = {"logger": record.name, "exc_info": record.exc_info}
        structlog.get_logger().log(record.levelno, record.getMessage().strip(), **told)


def _write_lines_to(file: BinaryIO) -> None:
    structlog.configure(
        processors=[
            *_COMMON,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.BytesLoggerFactory(file=file),
        cache_logger_on_first_use=True,
    )
