"""How a run ended, in words and as an exit code."""

from pathlib import Path

from rich.text import Text

from gristmill.cli.terminal import ERR, count, say, show_duration, show_money
from gristmill.domain.job import JobStatus
from gristmill.jobs.run import Delivery

EXIT_CODES = {
    JobStatus.COMPLETED: 0,
    JobStatus.BUDGET_EXHAUSTED: 3,
    JobStatus.FAILED: 4,
    JobStatus.SHORT: 5,
}
STOPPED = 130
MOST_REASONS = 5
MOST_DETAIL = 160


def exit_code(status: JobStatus) -> int:
    """What the shell is told: every status but an end of the job's own means that the user stopped it."""
    return EXIT_CODES.get(status, STOPPED)


def show_outcome(delivery: Delivery, folder: Path, *, command: str) -> None:
    """The end in a sentence, where the money went, why records were rejected, and where everything is."""
    report = delivery.report
    say("")
    ERR.print(_headline(delivery))
    hint = _hint(report.job.status, command)
    if hint:
        say(hint)
    _show_rejects(delivery)
    say("")
    _show_files(delivery, folder)


def _headline(delivery: Delivery) -> Text:
    report = delivery.report
    accepted, asked = report.totals.accepted, report.job.records
    made = f"{accepted:,} of {asked:,} records"
    match report.job.status:
        case JobStatus.COMPLETED:
            head = Text.assemble(("✓ ", "bold green"), (f"{count(accepted, 'record')}", "bold"))
        case JobStatus.SHORT:
            head = Text.assemble(("✗ ", "bold yellow"), (made, "bold"), ": the others used up their attempts")
        case JobStatus.BUDGET_EXHAUSTED:
            head = Text.assemble(("✗ ", "bold yellow"), (made, "bold"), ": the budget covers no further call")
        case JobStatus.FAILED:
            head = Text.assemble(("✗ ", "bold red"), (made, "bold"), f": {report.job.detail or 'the job failed'}")
        case _:
            head = Text.assemble(("◼ ", "bold yellow"), (made, "bold"), ": stopped")
    return Text.assemble(head, (_figures(delivery), "dim"))


def _figures(delivery: Delivery) -> str:
    report, pace = delivery.report, delivery.pace
    totals = report.totals
    parts = [f"  {show_duration(pace.seconds)}"]
    if pace.accepted and pace.seconds >= 1:
        parts.append(f"{pace.records_per_second:.1f}/s")
    if report.job.budget or totals.spent.total:
        parts.append(f"{show_money(totals.spent.billed)} billed of {show_money(report.job.budget)}")
    else:
        parts.append("free of charge")
    if totals.spent.presumed:
        parts.append(f"{show_money(totals.spent.presumed)} presumed")
    if totals.lost:
        parts.append(f"{show_money(totals.lost)} lost")
    return " · ".join(parts)


def _hint(status: JobStatus, command: str) -> str:
    match status:
        case JobStatus.COMPLETED:
            return ""
        case JobStatus.BUDGET_EXHAUSTED:
            return f"Give more with a larger --budget; everything made so far is kept:\n  {command}"
        case JobStatus.SHORT:
            return "Look at the reasons, then relax the checks or raise `attempts` in the template for a new job."
        case _:
            return f"Everything made so far is kept. To go on, run the same command again:\n  {command}"


def _show_rejects(delivery: Delivery) -> None:
    examples = delivery.rejects.examples if delivery.rejects else {}
    rejects = sorted(delivery.report.totals.rejects.items(), key=lambda item: -item[1])
    for reason, times in rejects[:MOST_REASONS]:
        ERR.print(Text.assemble((f"  {times:>6,} × ", "dim"), f"rejected: {reason}"))
        # A check that failed plainly has no more to say than its reason.
        if examples.get(reason, reason) != reason:
            say(f"           such as: {_brief(examples[reason])}", style="dim")
    if len(rejects) > MOST_REASONS:
        say(f"         and {count(len(rejects) - MOST_REASONS, 'other reason')}: see summary.json", style="dim")


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_DETAIL else f"{line[: MOST_DETAIL - 1]}…"


def _show_files(delivery: Delivery, folder: Path) -> None:
    lines = {folder / export.file.path.name: count(export.file.records, "record") for export in delivery.exports}
    if delivery.rejects:
        lines[folder / delivery.rejects.path.name] = f"{count(delivery.rejects.count, 'reject')}, with reasons"
    lines[folder / delivery.summary.name] = "figures, costs, digests"
    width = max(len(str(path)) for path in lines)
    for path, text in lines.items():
        ERR.print(Text.assemble(f"  {path!s:<{width}}  ", (text, "dim")))
