"""`gristmill jobs`: a user's hand on jobs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from gristmill.cli.job_store import open_jobs
from gristmill.cli.options import parse_budget
from gristmill.cli.terminal import OUT, count, say, show_duration, show_money, write, write_table
from gristmill.domain.ids import JobId
from gristmill.domain.job import Job, JobStatus
from gristmill.domain.money import ZERO, show_usd
from gristmill.jobs import control
from gristmill.jobs.report import JobReport, read_report, report_json, report_on

STYLES = {
    JobStatus.COMPLETED: "green",
    JobStatus.FAILED: "red",
    JobStatus.SHORT: "yellow",
    JobStatus.BUDGET_EXHAUSTED: "yellow",
    JobStatus.RUNNING: "cyan",
    JobStatus.SIFTING: "cyan",
}

Folder = Annotated[Path | None, Parameter(name="--dir", help="The folder of a run; else ./out or the settings' store.")]
AsJson = Annotated[bool, Parameter(name="--json", negative=(), show_default=False, help="Print JSON.")]


async def list_jobs(*, folder: Folder = None, as_json: AsJson = False) -> None:
    """List the jobs of a folder, newest first.

    Example: gristmill jobs list --dir out
    """
    async with open_jobs(folder) as ports:
        jobs = await ports.store.list_jobs()
        reports = await report_on(ports.store, ports.clock, jobs)
    if as_json:
        write(orjson.dumps([report_json(report) for report in reports], option=orjson.OPT_INDENT_2).decode())
    elif reports:
        write_table(_listed(reports))
    else:
        say("No jobs.")


async def show_job(job: str, /, *, folder: Folder = None, as_json: AsJson = False) -> None:
    """Show one job: records, money, rejects.

    Example: gristmill jobs show 20261123-101500-k3x9m2qa

    Parameters
    ----------
    job
        The job's id.
    """
    async with open_jobs(folder) as ports:
        report = await read_report(ports.store, ports.clock, JobId(job))
    if as_json:
        write(orjson.dumps(report_json(report), option=orjson.OPT_INDENT_2).decode())
    else:
        OUT.print(_shown(report))


async def pause_job(job: str, /, *, folder: Folder = None) -> None:
    """Stop a job so that it can go on later; calls in flight finish and are kept.

    Example: gristmill jobs pause 20261123-101500-k3x9m2qa

    Parameters
    ----------
    job
        The job's id.
    """
    async with open_jobs(folder) as ports:
        _say_status(await control.pause(ports.store, JobId(job)))


async def resume_job(job: str, /, *, folder: Folder = None) -> None:
    """Let a paused or ended job go on; run its command again to work on it.

    Example: gristmill jobs resume 20261123-101500-k3x9m2qa

    Parameters
    ----------
    job
        The job's id.
    """
    async with open_jobs(folder) as ports:
        _say_status(await control.resume(ports.store, JobId(job)))


async def cancel_job(job: str, /, *, folder: Folder = None) -> None:
    """Stop a job; what it made is kept.

    Example: gristmill jobs cancel 20261123-101500-k3x9m2qa

    Parameters
    ----------
    job
        The job's id.
    """
    async with open_jobs(folder) as ports:
        _say_status(await control.cancel(ports.store, JobId(job)))


async def top_up_job(job: str, budget: str, /, *, folder: Folder = None) -> None:
    """Give a job a larger budget.

    Example: gristmill jobs top-up 20261123-101500-k3x9m2qa 5.00

    Parameters
    ----------
    job
        The job's id.
    budget
        The whole budget in US dollars, what is spent included.
    """
    amount = parse_budget(budget)
    async with open_jobs(folder) as ports:
        topped = await control.top_up(ports.store, JobId(job), amount or ZERO)
    say(f"{topped.id} may now spend ${show_usd(topped.budget)} in all; it is {topped.status}.")


def _say_status(job: Job) -> None:
    say(f"{job.id} is {job.status}.")


def _listed(reports: Sequence[JobReport]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("job", "name", "status", "records", "spent", "budget", "made (UTC)"):
        table.add_column(name, no_wrap=True, justify="right" if name in {"records", "spent", "budget"} else "left")
    for report in reports:
        job = report.job
        table.add_row(
            job.id,
            job.order.name,
            Text(job.status, style=STYLES.get(job.status, "")),
            f"{report.totals.accepted:,}/{job.records:,}",
            show_money(report.totals.spent.total),
            show_money(job.budget),
            f"{job.created_at:%Y-%m-%d %H:%M}",
        )
    return table


def _shown(report: JobReport) -> Table:
    job, totals = report.job, report.totals
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="dim")
    rows: dict[str, str | Text] = {
        "job": job.id,
        "name": job.order.name,
        "status": Text(job.status, style=STYLES.get(job.status, "")),
        "reason": job.detail,
        "models": ", ".join(f"{alias} = {model}" for alias, model in job.order.aliases.items()),
        "records": f"{totals.accepted:,} of {job.records:,} accepted",
        "rejected": count(totals.rejected, "attempt") if totals.rejected else "",
        "budget": f"{show_money(job.budget)}",
        "billed": show_money(totals.spent.billed),
        "presumed": show_money(totals.spent.presumed) if totals.spent.presumed else "",
        "lost": show_money(totals.lost) if totals.lost else "",
        "held": show_money(totals.held) if totals.held else "",
        "calls": f"{totals.counts.made:,}",
        "tokens": f"{report.usage.input:,} in, {report.usage.output:,} out",
        "took": _took(job),
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    for reason, times in totals.rejects.items():
        table.add_row("", f"{times:,} × {reason}")
    return table


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    return show_duration((job.finished_at - job.started_at).total_seconds())
