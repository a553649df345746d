"""A few records made aside from any dataset, in a folder of their own that is gone once all of it was read."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gristmill.adapters.local import SubprocessExecutor
from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.record import Row
from gristmill.jobs.attempts import read_attempts, seeds_of
from gristmill.jobs.follow import Follower, StopSwitch, Watch
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import JobReport
from gristmill.wiring.mill import Milling, MillOrder, mill
from gristmill.wiring.places import folder_place
from gristmill.wiring.ports import find_prices, open_job_ports
from gristmill.wiring.settings import read_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A few records made aside: the job's end, every attempt, the seed of each slot, and the seconds it all took."""

    report: JobReport
    rows: Sequence[Row]
    seeds: Mapping[Slot, JsonObject]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Onlooker:
    """Who watches a job made aside, and is told of the folder if it has to stay."""

    watch: Watch = lambda _report, _events: None
    tell_kept: Callable[[Path], None] = lambda _: None


async def mill_aside(order: MillOrder, switch: StopSwitch, onlooker: Onlooker = Onlooker()) -> Aside:
    """Make a few records and read every attempt at them, stopped ones included.

    The folder is a temporary one. It stays, and the onlooker is told, when it may hold answers that nobody read:
    something unforeseen ended this after workers had begun. Raises what `mill` raises.
    """
    folder = Path(tempfile.mkdtemp(prefix="gristmill-"))
    is_read = False
    try:
        made = await _mill_aside(order, folder, switch, onlooker.watch)
        is_read = True
    finally:
        if is_read or not folder_place(folder).journals.exists():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            onlooker.tell_kept(folder)
    return made


async def _mill_aside(order: MillOrder, folder: Path, switch: StopSwitch, watch: Watch) -> Aside:
    delivery = await mill(order, Milling(folder=folder, formats=(), watch=watch), switch)
    prices = find_prices(read_settings(), order.prices, callable_only=False)
    async with open_job_ports(folder_place(folder), prices) as ports:
        report = delivery.report
        if not report.job.has_ended:
            report = await _settle(report, folder, ports, watch)
        rows = await read_attempts(report.job, ports)
        seeds = seeds_of(rows, report.job, ports)
    return Aside(report=report, rows=rows, seeds=seeds, seconds=delivery.pace.seconds)


async def _settle(report: JobReport, folder: Path, ports: JobPorts, watch: Watch) -> JobReport:
    """Let one more worker take up what killed ones had paid for; the job is stopping, so it makes no call."""
    executor = SubprocessExecutor(folder)
    follower = Follower(store=ports.store, executor=executor, clock=ports.clock, watch=watch, switch=StopSwitch())
    return await follower.follow(report.job.id, 1)
