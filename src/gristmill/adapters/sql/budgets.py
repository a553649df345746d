"""Budget rows: touched only when a block moves, a loss is settled or a cap is set."""

from sqlalchemy import bindparam, select, update

from gristmill.adapters.sql.tables import budgets
from gristmill.adapters.sql.transaction import Transaction
from gristmill.domain.budget import Budget
from gristmill.domain.ids import JobId
from gristmill.errors import NotFoundError

_READ = select(budgets.c.cap, budgets.c.granted).where(budgets.c.job == bindparam("of"))
_WRITE = (
    update(budgets)
    .where(budgets.c.job == bindparam("of"))
    .values(cap=bindparam("new_cap"), granted=bindparam("new_granted"))
)


def read_budget(tx: Transaction, job: JobId) -> Budget:
    """The job's cap and what of it is granted. Raises NotFoundError."""
    row = tx.connection.execute(_READ, {"of": job}).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no job {job}.")
    return Budget(cap=row.cap, granted=row.granted)


def write_budget(tx: Transaction, job: JobId, budget: Budget) -> None:
    """The row as it stands now."""
    tx.connection.execute(_WRITE, {"of": job, "new_cap": budget.cap, "new_granted": budget.granted})
