"""Whether seeds are what a template needs: every row that is no good or lacks a field, before anything is spent."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, Protocol

from gristmill.datasets.seedfiles import SeedReading, read_seed_rows, text_of
from gristmill.domain.json import JsonObject
from gristmill.domain.scope import EACH, dotted
from gristmill.errors import Finding, InvalidSeedsError, TooLargeError

LISTED = 20


class NeededField(Protocol):
    """A field the prompts need of every row, and where in the template they first need it."""

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to it, from the row down, EACH among them for the elements of a list."""
        ...

    @property
    def line(self) -> int:
        """Its line in the template, from 1."""
        ...

    @property
    def column(self) -> int:
        """Its column in the template, from 1."""
        ...


@dataclass(slots=True)
class Tally:
    """How many rows were read, how many of them are bad, and the findings of the first of these."""

    rows: int = 0
    bad: int = 0
    listed: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count a bad row."""
        self.bad += 1
        if len(self.listed) < LISTED:
            self.listed.append(finding)

    @property
    def words(self) -> str:
        """`3 of 10 rows cannot be used`, and how many of them are listed when not all are."""
        listed = f"; the first {LISTED} are listed" if self.bad > LISTED else ""
        return f"{self.bad} of {self.rows} rows cannot be used{listed}."


class GoodRow(NamedTuple):
    """A row that can be a seed, its number from 1, and its canonical JSON."""

    number: int
    row: JsonObject
    text: str


def good_rows(path: Path, reading: SeedReading, tally: Tally) -> Iterator[GoodRow]:
    """The rows that can be used, while the others are counted in `tally`.

    Raises InvalidSeedsError where the rest cannot be read, with the bad rows before it, and when there are no rows;
    TooLargeError beyond the limits of `reading`.
    """
    try:
        for row in read_seed_rows(path, reading):
            tally.rows += 1
            if reading.limits is not None and tally.rows > reading.limits.rows:
                raise TooLargeError(f"The file holds more than {reading.limits.rows:,} rows.")
            text = row if isinstance(row, Finding) else text_of(row, tally.rows)
            if isinstance(row, Finding) or isinstance(text, Finding):
                tally.add(row if isinstance(row, Finding) else text)  # type: ignore[arg-type]
            else:
                yield GoodRow(tally.rows, row, text)
    except InvalidSeedsError as error:
        if not tally.bad:
            raise
        raise InvalidSeedsError(f"{error} Before it, {tally.words}", tally.listed) from error
    if not tally.rows:
        raise InvalidSeedsError(f"{path} has no rows.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSurvey:
    """What there is to say of a seed file: `findings` of the file's rows, and `lacking` of what the template needs."""

    rows: int
    findings: tuple[Finding, ...]
    lacking: tuple[Finding, ...]


def survey_seeds(
    path: Path, reading: SeedReading, fields: Sequence[NeededField], used: Collection[str] | None
) -> SeedSurvey:
    """Read a seed file once and say everything that is wrong with it; nothing is stored.

    `used` are the columns that the template reads, or None when it reads whole rows. Raises nothing of its own: a file
    that cannot be read is a finding.
    """
    tally, lacks, names = Tally(), Lacks(fields=fields), dict[str, None]()
    findings: list[Finding] = []
    try:
        for number, row, _ in good_rows(path, reading, tally):
            names.update(dict.fromkeys(row))
            lacks.look(row, number)
    except InvalidSeedsError as error:
        findings += [Finding(code=error.code, message=str(error)), *error.findings]
    else:
        findings += tally.listed
        if tally.bad > LISTED:
            findings.append(Finding(code="bad_row", message=tally.words))
    findings += unused_columns(names, used)
    return SeedSurvey(rows=tally.rows, findings=tuple(findings), lacking=lacks.findings())


def unused_columns(names: Iterable[str], used: Collection[str] | None) -> Iterator[Finding]:
    """A warning of the columns that no prompt uses; `used` is None where whole rows are."""
    unused = [repr(name) for name in names if used is not None and name not in used]
    if unused:
        shown = ", ".join(unused[:LISTED]) + (f" and {len(unused) - LISTED} more" if len(unused) > LISTED else "")
        message = f"no prompt uses the {'column' if len(unused) == 1 else 'columns'} {shown}."
        yield Finding(code="unused_column", severity="warning", message=message)


def check_seeds(rows: Iterable[JsonObject], fields: Sequence[NeededField], limit: int = LISTED) -> tuple[Finding, ...]:
    """What rows lack of the fields the prompts need: the first `limit` in full, and how many there are beyond them.

    A field whose value is null is there; a path through anything but an object is not. What is no list has no elements
    that could lack anything.
    """
    lacks = Lacks(fields=fields, limit=limit)
    for number, row in enumerate(rows if fields else (), 1):
        lacks.look(row, number)
    return lacks.findings()


@dataclass(slots=True, kw_only=True)
class Lacks:
    """What rows were found to lack."""

    fields: Sequence[NeededField]
    limit: int = LISTED
    count: int = 0
    listed: list[Finding] = field(default_factory=list)

    def look(self, row: JsonObject, number: int) -> None:
        """Note the fields that the row of this number lacks."""
        for needed in self.fields:
            finding = _lack(row, number, needed)
            if finding is not None:
                self.count += 1
                if len(self.listed) < self.limit:
                    self.listed.append(finding)

    def findings(self) -> tuple[Finding, ...]:
        """The first, and how many there are when these are not all."""
        if self.count <= self.limit:
            return tuple(self.listed)
        words = f"{self.count} fields are missing in all; {self.limit} are listed"
        return (*self.listed, Finding(code="missing_field", message=words))


def _lack(row: JsonObject, number: int, needed: NeededField) -> Finding | None:
    gap = _first_gap(row, needed.path)
    if gap is None:
        return None
    near = get_close_matches(gap.name, gap.beside, 1)
    return Finding(
        code="missing_field",
        message=f"seed row {number} has no {gap.place!r}.",
        suggestion=f"Did you mean {near[0]!r}?" if near else "",
        line=needed.line,
        column=needed.column,
        path=dotted(needed.path),
    )


class _Gap(NamedTuple):
    """A field that is not there: its whole place, elements by their number; its name; and what is beside it."""

    place: str
    name: str
    beside: Collection[str]


def _first_gap(row: JsonObject, path: Sequence[str]) -> _Gap | None:
    value: object = row
    for depth, name in enumerate(path):
        if name == EACH:
            return _first_gap_of_elements(value, path[:depth], path[depth + 1 :])
        if not isinstance(value, Mapping) or name not in value:
            return _Gap(dotted(path), name, tuple(value) if isinstance(value, Mapping) else ())
        value = value[name]
    return None


def _first_gap_of_elements(value: object, before: Sequence[str], rest: Sequence[str]) -> _Gap | None:
    for index, element in enumerate(value if isinstance(value, list) else ()):
        gap = _first_gap(element, rest)
        if gap is not None:
            return gap._replace(place=f"{dotted(before)}[{index}].{gap.place}")
    return None
