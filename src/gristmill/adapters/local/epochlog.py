"""One epoch's log: lines of a checksum and JSON, each appended in one write and read back up to the first bad one."""

import os
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gristmill.datasets.files import refused_write, storage_errors
from gristmill.datasets.jsontext import from_json, to_json
from gristmill.domain.call import Call, Place
from gristmill.domain.ids import Epoch, JobId, ShardNumber, Slot, WorkerId
from gristmill.domain.shard import Lease
from gristmill.domain.usage import Usage
from gristmill.errors import StorageFullError
from gristmill.ports.journal import DeadEpoch, Start

START, END = "start", "end"


class LocalEpochLog:
    """The log of a lease's epoch. Its file appears with its first line, so no log is without its names."""

    def __init__(
        self, path: Path, lease: Lease, *, boot_id: str | None, on_close: Callable[["LocalEpochLog"], None]
    ) -> None:
        self._path = path
        self._on_close = on_close
        self._open: dict[int, Start] = {}
        self._size = 0
        self._is_torn = False
        self._is_synced = True
        fresh = path.with_suffix(".new")
        with storage_errors(path):
            self._file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self._append([boot_id, lease.job, lease.shard, lease.epoch])
            with storage_errors(path):
                fresh.rename(path)
        except BaseException:
            os.close(self._file)
            raise

    def started(self, start: Start) -> None:
        """Note a call before it is sent. Raises StorageFullError, and then nothing is noted."""
        place = start.place
        where = [place.slot, place.attempt, place.step, place.repair]
        self._append([START, start.number, *where, start.model, start.prompt, start.worst, start.price_table])
        self._open[start.number] = start

    def ended(self, number: int, call: Call) -> None:
        """Note the end of a started call before anything uses it. Raises StorageFullError, and then nothing is noted.

        Raises ValueError when no such call is open.
        """
        start = self._open.get(number)
        if start is None or (start.place, start.model, start.prompt) != (call.place, call.model, call.prompt):
            raise ValueError(f"call {number} was not started, has ended, or is another")
        self._append([END, number, *_end_of(call)])
        del self._open[number]

    def close(self, *, delete: bool) -> None:
        """End the log, and delete its file or keep it. Again: nothing."""
        if self._file < 0:
            return
        self._on_close(self)
        os.close(self._file)
        self._file = -1
        if delete:
            self._path.unlink(missing_ok=True)

    def unsynced(self) -> int | None:
        """A descriptor to sync and close, if a line was written since it was last asked for."""
        if self._is_synced:
            return None
        self._is_synced = True
        return os.dup(self._file)

    def _append(self, fields: list[object]) -> None:
        line = _line_of(to_json(fields))
        try:
            if self._is_torn:
                self._mend()
            # Until the whole line is down, what stands past the last whole one must go before anything follows it.
            self._is_torn = True
            written = os.write(self._file, line)
            if written < len(line):
                self._mend()
                raise StorageFullError(f"cannot write {self._path}: the disk is full. Make room.")
        except OSError as error:
            raise refused_write(self._path, error) from error
        self._is_torn = False
        self._size += len(line)
        self._is_synced = False

    def _mend(self) -> None:
        os.ftruncate(self._file, self._size)
        self._is_torn = False


@dataclass(slots=True)
class _Replay:
    """What the lines of a log add up to."""

    open: dict[int, Start] = field(default_factory=dict)
    ended: list[Call] = field(default_factory=list)

    def take(self, line: list[Any]) -> None:
        """Take the next line. Raises ValueError, TypeError or LookupError for one that cannot follow."""
        kind, number, *rest = line
        if kind == START and number not in self.open:
            self.open[number] = _start_from(number, rest)
        elif kind == END:
            self.ended.append(_call_from(self.open[number], rest))
            del self.open[number]
        else:
            raise ValueError(f"no line of a journal: {kind!r}")


def read_epoch(path: Path, worker: WorkerId, *, boot_id: str | None) -> DeadEpoch | None:
    """What a log says up to its first torn or damaged line; None when even its first line cannot be read.

    It is proof when it was written since the machine started (`boot_id` is this run's) and no whole line is damaged.
    """
    replay = _Replay()
    with path.open("rb") as file:
        try:
            boot, job, shard, epoch = _fields_of(file.readline())
        except (ValueError, TypeError):
            return None
        is_sound = _replay(file, replay)
    return DeadEpoch(
        worker=worker,
        job=JobId(job),
        shard=ShardNumber(shard),
        epoch=Epoch(epoch),
        ended=tuple(replay.ended),
        open=tuple(replay.open.values()),
        is_proof=is_sound and boot is not None and boot == boot_id,
    )


def _replay(lines: Iterable[bytes], replay: _Replay) -> bool:
    """Take lines up to the first bad one; false when that one was whole once."""
    for line in lines:
        if not line.endswith(b"\n"):
            # Torn at the end: its write never returned, so nobody acted on it.
            return True
        try:
            replay.take(_fields_of(line))
        except (LookupError, TypeError, ValueError):
            return False
    return True


def _line_of(content: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _fields_of(line: bytes) -> list[Any]:
    content = line[9:-1]
    if _line_of(content) != line:
        raise ValueError("the line's checksum does not fit")
    fields = from_json(content)
    if not isinstance(fields, list):
        raise TypeError("a line is a list")
    return fields


def _end_of(call: Call) -> tuple[object, ...]:
    used = call.usage
    usage = (used.input, used.output, used.cached, used.cache_written, used.reasoning)
    answer = (call.reply, call.finish_reason, usage, call.cost)
    return call.kind, *answer, call.certainty, call.price_table, call.milliseconds, call.at


def _start_from(number: int, fields: list[Any]) -> Start:
    slot, attempt, step, repair, model, prompt, worst, price_table = fields
    place = Place(slot=Slot(slot), attempt=attempt, step=step, repair=repair)
    return Start(number=number, place=place, model=model, prompt=prompt, worst=worst, price_table=price_table)


def _call_from(start: Start, fields: list[Any]) -> Call:
    kind, reply, finish_reason, usage, cost, certainty, price_table, milliseconds, at = fields
    sent, received, cached, cache_written, reasoning = usage
    return Call(
        place=start.place,
        kind=kind,
        model=start.model,
        prompt=start.prompt,
        reply=reply,
        finish_reason=finish_reason,
        usage=Usage(input=sent, output=received, cached=cached, cache_written=cache_written, reasoning=reasoning),
        cost=cost,
        certainty=certainty,
        price_table=price_table,
        milliseconds=milliseconds,
        at=datetime.fromisoformat(at),
    )
