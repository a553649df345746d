"""A user's limit on money, held in the same transaction that would pass it."""

from sqlalchemy import bindparam, case, func, select

from gristmill.adapters.sql.tables import budgets, jobs, users
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.budget import Budget
from gristmill.domain.commitment import commitment, refuse_beyond_limit
from gristmill.domain.ids import UserId
from gristmill.domain.job import JobStatus
from gristmill.domain.money import ZERO, NanoUsd

# Locked where rows can be: of two orders at once the second then sees the first.
_LIMIT = select(users.c.budget_limit).where(users.c.id == bindparam("of")).with_for_update()
_MOST = case((budgets.c.granted > budgets.c.cap, budgets.c.granted), else_=budgets.c.cap)
# Deleted jobs count too: what they cost was spent.
_SUMS = (
    select(jobs.c.status, func.sum(_MOST).label("cap"), func.sum(budgets.c.granted).label("granted"))
    .join(budgets, budgets.c.job == jobs.c.id)
    .where(jobs.c.owner == bindparam("of"))
    .group_by(jobs.c.status)
)


def hold_limit(tx: Transaction, owner: UserId, adding: NanoUsd) -> None:
    """Raise LimitReachedError when what the owner's jobs may cost would pass the owner's limit, if there is one."""
    limit = tx.connection.execute(_LIMIT, {"of": owner}).scalar_one_or_none()
    if limit is not None and adding > 0:
        refuse_beyond_limit(limit, bound=_bound(tx, owner), adding=adding)


def _bound(tx: Transaction, owner: UserId) -> NanoUsd:
    sums = tx.connection.execute(_SUMS, {"of": owner})
    # Sums of integers are decimals in some databases.
    bound = (
        commitment(JobStatus(row.status), Budget(cap=NanoUsd(int(row.cap)), granted=NanoUsd(int(row.granted))))
        for row in sums
    )
    return NanoUsd(sum(bound, ZERO))
