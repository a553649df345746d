"""Logs of workers: one JSON line for each decision, never a prompt, a record or a secret."""

from pathlib import Path

import orjson
import structlog

from gristmill.domain.ids import JobId, WorkerId


def open_log(folder: Path, job: JobId, worker: WorkerId) -> Path:
    """Send this process's log to a file of its own in the folder, and return its path."""
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
        logger_factory=structlog.BytesLoggerFactory(file=path.open("ab", buffering=0)),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(job=job, worker=worker)
    return path
