"""Logs of workers: one JSON line for each decision, never a prompt, a record or a secret."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import orjson
import structlog

from gristmill.domain.ids import JobId, WorkerId

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Bytes of lines kept for when there is room again; beyond them the latest are dropped.
MOST_WAITING = 1_000_000


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
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        # Open as long as the process lives; unbuffered, so that a kill takes no line.
        logger_factory=structlog.BytesLoggerFactory(file=cast("BinaryIO", _LogFile(path, "ab"))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(worker=worker, **({} if job is None else {"job": job}))
    return path
