"""What a user spent lately and may still spend, as the home page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from gristmill.accounts.me import read_me
from gristmill.domain.budget import Budget
from gristmill.domain.call import ModelSums
from gristmill.domain.commitment import commitment
from gristmill.domain.job import ENDED, JobStatus
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NANO, ZERO, NanoUsd
from gristmill.domain.report import JobCosts
from gristmill.server.caller import Caller

DAYS: Final = 30
# More colours than these nobody tells apart.
MOST_SERIES: Final = 5
OTHERS: Final = "others"
MOST_JOBS: Final = 10_000

Key = TypeVar("Key", str, tuple[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Sums of the last days: `rows` by day and model, newest first, and `models`, the dearest first."""

    days: Sequence[str]
    rows: Sequence[ModelSums]
    models: Sequence[ModelSums]

    @property
    def total(self) -> NanoUsd:
        """What all of it cost."""
        return NanoUsd(sum(one.spent.total for one in self.models))

    @property
    def chart(self) -> JsonObject:
        """What `data-chart` holds: a bar for each day, of a part for each model."""
        priced = [one.model for one in self.models if one.spent.total]
        named = priced if len(priced) <= MOST_SERIES + 1 else priced[:MOST_SERIES]
        by_day: dict[tuple[str, str], int] = {}
        for row in (row for row in self.rows if row.spent.total):
            key = (row.day, row.model if row.model in named else OTHERS)
            by_day[key] = by_day.get(key, 0) + row.spent.total
        series = [*named, *([OTHERS] if len(named) < len(priced) else [])]
        return {
            "kind": "bars",
            "stacked": True,
            "x": [datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() for day in self.days],
            "series": [
                {"name": name, "values": [_dollars(by_day.get((day, name), 0)) for day in self.days]} for name in series
            ],
            "unit": "usd",
            "limit": None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What all jobs of a user may cost, and what of it is bound: spent, or promised to jobs that have not ended."""

    limit: NanoUsd
    bound: NanoUsd

    @property
    def left(self) -> NanoUsd:
        """What new jobs may still be given."""
        return max(NanoUsd(self.limit - self.bound), ZERO)

    @property
    def share(self) -> float:
        """The part that is bound."""
        return min(1.0, self.bound / self.limit) if self.limit else 1.0


def spending_of(costs: Sequence[JobCosts], now: datetime) -> Spending:
    """The last thirty days, today included, in UTC."""
    days = [(now.astimezone(UTC) - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(DAYS)][::-1]
    rows: dict[tuple[str, str], ModelSums] = {}
    models: dict[str, ModelSums] = {}
    for sums in (sums for one in costs for sums in one.totals.sums if days[0] <= sums.day <= days[-1]):
        _add(rows, (sums.day, sums.model), sums)
        _add(models, sums.model, sums)
    return Spending(
        days=days,
        rows=sorted(rows.values(), key=lambda one: (one.day, one.spent.total), reverse=True),
        models=sorted(models.values(), key=lambda one: (-one.spent.total, one.model)),
    )


async def read_allowance(caller: Caller, costs: Sequence[JobCosts]) -> Allowance | None:
    """The user's limit on money and what is bound of it, as orders are held to it; None without a limit."""
    limit = (await read_me(caller.principal, caller.service.accounts)).limits.budget
    if limit is None:
        return None
    live = frozenset(JobStatus) - ENDED
    jobs = await caller.service.store.list_jobs(owner=caller.user, kind=None, statuses=live, limit=MOST_JOBS)
    caps = {job.id: job.budget for job in jobs}
    bound = sum(
        commitment(one.status, Budget(cap=caps.get(one.job, ZERO), granted=one.totals.granted)) for one in costs
    )
    return Allowance(limit=limit, bound=NanoUsd(bound))


def _add(groups: dict[Key, ModelSums], key: Key, sums: ModelSums) -> None:
    groups[key] = groups[key] + sums if key in groups else sums


def _dollars(amount: int) -> float:
    return float(Decimal(amount) / NANO)
