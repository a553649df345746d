"""Records made aside, as the shell shows it: how it goes, how it ended, and what became of what was paid for."""

from pathlib import Path

from gristmill.cli.progress import open_progress
from gristmill.cli.run import pressing
from gristmill.cli.terminal import count, say, show_money
from gristmill.domain.job import JobStatus
from gristmill.jobs.follow import StopSwitch
from gristmill.jobs.report import JobReport
from gristmill.wiring.aside import Aside, Onlooker, mill_aside
from gristmill.wiring.mill import MillOrder

WHY = {
    JobStatus.BUDGET_EXHAUSTED: ": the budget covers no further call. Give more with a larger --budget.",
    JobStatus.SHORT: ": the others used up their attempts.",
    JobStatus.PAUSED: ": stopped. Nothing of it goes on later.",
}


async def watch_aside(order: MillOrder) -> Aside:
    """Make records aside while stderr shows how it goes; Ctrl-C once finishes calls in flight, twice stops at once."""
    switch = StopSwitch()
    with open_progress(switch, as_json=False) as progress, pressing(switch, progress):
        return await mill_aside(order, switch, Onlooker(watch=progress.watch, tell_kept=_tell_kept))


def how_it_ended(report: JobReport) -> str:
    """What was made of what was asked for, for how much, and what came between."""
    job, totals = report.job, report.totals
    parts = [f"{totals.accepted:,} of {count(job.records, 'record')} accepted"]
    if job.budget or totals.spent.total:
        parts.append(f"{show_money(totals.spent.billed)} billed of {show_money(job.budget)}")
    if totals.spent.presumed:
        parts.append(f"{show_money(totals.spent.presumed)} presumed")
    if totals.lost:
        parts.append(f"{show_money(totals.lost)} lost")
    why = f": {job.detail}" if job.status is JobStatus.FAILED else WHY.get(job.status, "")
    return f"{' · '.join(parts)}{why}"


def _tell_kept(folder: Path) -> None:
    say(f"It ended before everything was read: answers that were paid for lie in {folder}.", style="yellow")
