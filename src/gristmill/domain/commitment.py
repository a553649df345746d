"""What a user's jobs may still cost in all, and the limit that stands over it."""

from gristmill.domain.budget import Budget
from gristmill.domain.job import ENDED, JobStatus
from gristmill.domain.money import ZERO, NanoUsd, show_usd
from gristmill.errors import LimitReachedError


def commitment(status: JobStatus, budget: Budget) -> NanoUsd:
    """What a job binds of its owner's limit: its cap while it may spend, and what it was granted once it has ended.

    A cap that a provider billed beyond binds what was billed.
    """
    return budget.granted if status in ENDED else max(budget.cap, budget.granted)


def refuse_beyond_limit(limit: NanoUsd | None, *, bound: NanoUsd, adding: NanoUsd) -> None:
    """Raise LimitReachedError when `adding` to what is `bound` already would pass the limit.

    What adds nothing is never refused: a limit that was lowered below what is bound stops no top-up to less.
    """
    if limit is None or adding <= 0 or bound + adding <= limit:
        return
    left = NanoUsd(max(limit - bound, ZERO))
    raise LimitReachedError(
        f"All your jobs together may cost ${show_usd(limit)}, and ${show_usd(left)} of it is left: this would bind"
        f" ${show_usd(adding)} more."
    )
