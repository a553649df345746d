"""What a run shows while it works: a live line on a terminal, plain lines elsewhere, or events as JSON."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import orjson
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gristmill.cli.terminal import ERR, count, mute, say, show_duration, show_money
from gristmill.domain.event import Event
from gristmill.domain.job import JobStatus
from gristmill.domain.json import JsonObject
from gristmill.jobs.follow import StopSwitch
from gristmill.jobs.report import JobReport, report_json, time_json

PLAIN_SECONDS = 5.0
# The rate shown is that of the last seconds: it follows the pace, and a pause long ago does not weigh on it.
WINDOW_SECONDS = 20.0
BAR_WIDTH = 24
LEAST_LUMPS = 2


class Progress(Protocol):
    """Shows how a job goes."""

    def watch(self, report: JobReport, events: list[Event]) -> None:
        """Show how the job stands, and what happened since the last look."""
        ...


class Rate:
    """Records a second over the last while. Commits come in lumps: there is no rate before the second one."""

    def __init__(self) -> None:
        self._most: int | None = None
        self._lumps: deque[tuple[float, int]] = deque()

    def add(self, now: float, accepted: int) -> float:
        """Note how many are accepted by now, and return the rate; 0 while there is nothing to tell it from."""
        # What was there at the first look says nothing about the pace.
        if self._most is not None and accepted > self._most:
            self._lumps.append((now, accepted))
        self._most = accepted
        while len(self._lumps) > LEAST_LUMPS and now - self._lumps[0][0] > WINDOW_SECONDS:
            self._lumps.popleft()
        if len(self._lumps) < LEAST_LUMPS:
            return 0.0
        (since, first), (last, most) = self._lumps[0], self._lumps[-1]
        # A lump is late only when none came for a whole window: then the pause counts.
        until = now if now - last > WINDOW_SECONDS else last
        return (most - first) / (until - since) if until > since else 0.0


def describe(report: JobReport, rate: float) -> list[str]:
    """The parts of the line behind accepted/N: only what there is to tell."""
    job, totals = report.job, report.totals
    parts = []
    if job.status is JobStatus.STOPPING:
        parts.append("finishing what is in flight")
    elif job.status is JobStatus.SIFTING:
        parts.append("looking for duplicates")
    elif not totals.workers and not job.has_ended:
        parts.append("starting")
    elif rate > 0:
        parts += [f"{rate:.1f}/s", f"{show_duration(report.missing / rate)} left"]
    if job.budget:
        parts.append(f"{show_money(totals.spent.total + totals.lost)} of {show_money(job.budget)}")
    if totals.rejected:
        parts.append(count(totals.rejected, "reject"))
    if totals.counts.retried:
        parts.append(f"{totals.counts.retried:,} retried")
    return parts


class LiveProgress:
    """One line that stays in place."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._rate = Rate()

    def watch(self, report: JobReport, events: list[Event]) -> None:
        """See Progress."""
        for event in events:
            if event.type == "warning":
                self._live.console.print(Text(f"! {event.fields.get('message', '')}", style="yellow"))
        rate = self._rate.add(time.monotonic(), report.totals.accepted)
        self._live.update(_line(report, rate))


class PlainProgress:
    """A line every few seconds, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rate = Rate()
        self._shown_at = 0.0

    def watch(self, report: JobReport, events: list[Event]) -> None:
        """See Progress."""
        now = time.monotonic()
        rate = self._rate.add(now, report.totals.accepted)
        for event in events:
            if event.type == "warning":
                self._console.print(f"warning: {event.fields.get('message', '')}", markup=False)
        if now - self._shown_at >= PLAIN_SECONDS:
            self._shown_at = now
            parts = [f"{report.totals.accepted:,}/{report.job.records:,} records", *describe(report, rate)]
            self._console.print(", ".join(parts), markup=False)


class JsonProgress:
    """One JSON object a line on stdout: the stored events, and how the job stands at each look.

    `on_lost` is called once when stdout takes no more; nothing is written after that.
    """

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self._is_lost = False
        self._sequence = 0
        self._rate = Rate()
        self._last: JsonObject = {}

    def watch(self, report: JobReport, events: list[Event]) -> None:
        """See Progress."""
        for event in events:
            self._sequence = event.sequence
            # The run's own last line says more than the store's, and comes when the exports are there.
            if event.type != "end":
                self._write(report, event.type, event.fields)
        rate = self._rate.add(time.monotonic(), report.totals.accepted)
        progress = progress_json(report)
        if progress != self._last:
            self._last = progress
            eta = round(report.missing / rate) if rate else None
            self._write(report, "progress", {**progress, "records_per_second": round(rate, 3), "eta_seconds": eta})

    def tell(self, report: JobReport, kind: str, fields: JsonObject) -> None:
        """Write an event of the run's own."""
        self._write(report, kind, fields)

    def _write(self, report: JobReport, kind: str, fields: JsonObject) -> None:
        head = {"sequence": self._sequence, "at": time_json(report.at), "job": report.job.id, "type": kind}
        if self._is_lost:
            return
        try:
            sys.stdout.buffer.write(orjson.dumps({**head, **fields, **head}, option=orjson.OPT_APPEND_NEWLINE))
            sys.stdout.buffer.flush()
        except OSError as error:
            self._is_lost = True
            mute(sys.stdout)
            say(f"Nobody takes the events any more ({error.strerror}): stopping as by Ctrl-C.", style="yellow")
            self._on_lost()


def progress_json(report: JobReport) -> JsonObject:
    """How a job stands, as the fields of a `progress` event but for the pace."""
    shape = report_json(report)
    names = ("status", "records", "money", "calls", "workers")
    return {name: shape[name] for name in names}


@contextmanager
def open_progress(switch: StopSwitch, *, as_json: bool) -> Iterator[Progress]:
    """The progress that fits where stderr goes."""
    if as_json:
        yield JsonProgress(switch.press)
    elif ERR.is_terminal:
        with Live(Text(""), console=ERR, refresh_per_second=8) as live:
            yield LiveProgress(live)
    else:
        yield PlainProgress(ERR)


def _line(report: JobReport, rate: float) -> Table:
    accepted, asked = report.totals.accepted, report.job.records
    line = Table.grid(padding=(0, 1))
    figures = Text.assemble(
        (f"{accepted:,}", "bold"), f"/{asked:,}", "  ", ("  ·  ".join(describe(report, rate)), "dim")
    )
    bar = ProgressBar(total=asked, completed=accepted, width=BAR_WIDTH, finished_style="green")
    line.add_row(bar, figures)
    return line
