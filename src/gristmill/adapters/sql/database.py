"""An open database of any kind: how a transaction on it begins, and what its errors mean to us."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from gristmill.domain.ids import JobId
from gristmill.errors import GristmillError


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An engine, with what is particular to its kind: how many threads it can use, its clock and its refusals."""

    engine: Engine
    readers: int
    writers: int
    read_clock: Callable[[Connection], datetime]
    translate: Callable[[BaseException], GristmillError | None]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the store."""
        with vendor_errors(self.translate), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self, job: JobId | None = None, *, patiently: bool = False) -> Iterator[Connection]:
        """A transaction that no other write of the store runs beside; with `job`, no other write of that job.

        It waits some seconds to be let in, or as long as it takes when it waits `patiently`.
        """
        how = self.engine.execution_options(writes=True, job=job, patiently=patiently)
        with vendor_errors(self.translate), how.begin() as connection:
            yield connection


@contextmanager
def vendor_errors(translate: Callable[[BaseException], GristmillError | None]) -> Iterator[None]:
    """Turn what the database says into what a caller can act on."""
    try:
        yield
    except Exception as error:
        refusal = translate(error.orig if isinstance(error, DBAPIError) and error.orig else error)
        if refusal is None:
            raise
        raise refusal from error
