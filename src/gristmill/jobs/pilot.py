"""What a few paid records say of many: measured attempts, and what they cost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gristmill.domain.call import Call
from gristmill.domain.completion import ModelName
from gristmill.domain.job import JobStatus
from gristmill.domain.json import JsonObject
from gristmill.domain.money import show_usd
from gristmill.domain.record import Row
from gristmill.errors import BadInputError
from gristmill.jobs.grounds import Grounds, Load
from gristmill.jobs.report import JobReport, tokens_json
from gristmill.jobs.spread import Spread, mean_of, share_of

PILOT_RECORDS = 10
MOST_PILOT_RECORDS = 20

WORDS = (
    "a pilot of {records}, spread over the order: {attempts} in {calls}, of which {repairs} were repairs;"
    " {accepted} accepted, and a range that holds the true share eight times in ten; means of an attempt with such"
    " ranges, {seconds:.1f} s a call"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """A pilot as it ended: every attempt, how it stands, and the seconds it took in all."""

    report: JobReport
    rows: Sequence[Row]
    seconds: float

    @property
    def attempts(self) -> Sequence[Row]:
        """The attempts that came to an end."""
        return [row for row in self.rows if row.is_accepted or row.is_reject]

    @property
    def calls(self) -> Sequence[Call]:
        """Every call, those of attempts that were cut short included."""
        return [call for row in self.rows for call in row.calls]


def check_pilot(records: int) -> int:
    """The records of a pilot. Raises BadInputError for none, and for more than 20."""
    if records < 1:
        raise BadInputError(f"A pilot makes at least one record, not {records}.")
    if records > MOST_PILOT_RECORDS:
        raise BadInputError(
            f"A pilot makes at most {MOST_PILOT_RECORDS} records, not {records}: it only measures. To make them, use"
            " `gristmill run`."
        )
    return records


def measure(pilot: Pilot) -> Grounds:
    """The mean attempt, with what its few measures leave open. The pilot must have attempts."""
    attempts = pilot.attempts
    calls = [call for row in attempts for call in row.calls]
    accepted = sum(row.is_accepted for row in attempts)
    return Grounds(
        source="pilot",
        load=_load(attempts, lambda _: True),
        models={model: _load(attempts, _is_of(model)) for model in sorted({call.model for call in calls})},
        seconds=mean_of([sum(call.milliseconds for call in row.calls) / 1000 for row in attempts]),
        acceptance=share_of(accepted, len(attempts)),
        start_seconds=_start_seconds(pilot),
        words=WORDS.format(
            records=_count(pilot.report.job.records, "record"),
            attempts=_count(len(attempts), "attempt"),
            calls=_count(len(calls), "call"),
            repairs=sum(call.kind == "repair" for call in calls),
            accepted=accepted,
            seconds=sum(call.milliseconds for call in calls) / 1000 / max(len(calls), 1),
        ),
        warnings=_warnings(pilot),
    )


def pilot_json(pilot: Pilot) -> JsonObject:
    """What the pilot made and cost, apart from what it says of the order."""
    report = pilot.report
    totals = report.totals
    return {
        "job": report.job.id,
        "status": report.job.status,
        "slots": sorted({row.slot for row in pilot.rows}),
        "records": {"asked": report.job.records, "accepted": totals.accepted, "rejected": totals.rejected},
        "calls": totals.counts.made,
        "repairs": sum(call.kind == "repair" for call in pilot.calls),
        "tokens": tokens_json(report.usage),
        "cost_usd": show_usd(totals.spent.billed),
        "presumed_usd": show_usd(totals.spent.presumed),
        "lost_usd": show_usd(totals.lost),
        "budget_usd": show_usd(report.job.budget),
        "seconds": round(pilot.seconds, 3),
    }


def _load(attempts: Sequence[Row], counts: Callable[[Call], bool]) -> Load:
    kept = [[call for call in row.calls if counts(call)] for row in attempts]
    return Load(
        calls=mean_of([len(calls) for calls in kept]),
        input=mean_of([sum(call.usage.input for call in calls) for calls in kept]),
        output=mean_of([sum(call.usage.output for call in calls) for calls in kept]),
        cost=mean_of([sum(call.cost for call in calls) for calls in kept]),
    )


def _is_of(model: ModelName) -> Callable[[Call], bool]:
    return lambda call: call.model == model


def _start_seconds(pilot: Pilot) -> Spread:
    """What passed while no call was under way: the start of workers, and the last commits."""
    calls = pilot.calls
    if not calls:
        return Spread()
    first = min(call.at.timestamp() - call.milliseconds / 1000 for call in calls)
    last = max(call.at.timestamp() for call in calls)
    idle = max(pilot.seconds - (last - first), 0.0)
    return Spread(low=idle, likely=idle, high=idle)


def _warnings(pilot: Pilot) -> list[str]:
    job = pilot.report.job
    if job.status in {JobStatus.COMPLETED, JobStatus.SHORT}:
        return []
    ended = len({row.slot for row in pilot.attempts})
    return [f"The pilot ended as {job.status} after {ended} of {_count(job.records, 'record')}."]


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
