"""Runs one SQL query from a record: in memory, read-only, and within bounds that no query can lift.

Every check has a SQLite connection of its own to a database of its own; nothing here is shared with another one.
"""

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import zip_longest
from math import prod

# Steps of SQLite's machine, for setup and query together. A step takes well under a microsecond unless it handles long
# values, so the bound of time below matters only to queries made to be slow.
MAX_STEPS = 300_000
MAX_SECONDS = 0.5
_STEPS_AT_ONCE = 500
# What each step may make is at most so long: together they bound what a query can pile up in memory.
MAX_VALUE_BYTES = 8192
MAX_PAGES = 4096
MAX_SQL_BYTES = 100_000
# Names a query may compile to; a nest of common table expressions that stands for more is refused before that.
MAX_COMPILED = 5_000
MAX_EXPANSION = 1_000
MAX_WORDS = 200

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: MAX_VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: MAX_SQL_BYTES,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION})
_BUILDING = _READING | {
    sqlite3.SQLITE_CREATE_TABLE,
    sqlite3.SQLITE_CREATE_INDEX,
    sqlite3.SQLITE_INSERT,
    sqlite3.SQLITE_UPDATE,
    sqlite3.SQLITE_DELETE,
    sqlite3.SQLITE_ALTER_TABLE,
    sqlite3.SQLITE_DROP_TABLE,
    sqlite3.SQLITE_DROP_INDEX,
    sqlite3.SQLITE_REINDEX,
    sqlite3.SQLITE_TRANSACTION,
}
# By name: each reads its arguments alone, and in a bounded time. `printf` is none of them: one call can take minutes.
_FUNCTION_NAMES = (
    "abs avg ceil ceiling changes char coalesce concat concat_ws count cume_dist current_date current_time "
    "current_timestamp date datetime dense_rank exp first_value floor glob group_concat hex ifnull iif "
    "instr json json_array json_array_length json_each json_extract json_group_array json_group_object "
    "json_object json_type json_valid julianday lag last_value lead length like likelihood likely ln log log10 "
    "log2 lower ltrim max min mod nth_value ntile nullif octet_length percent_rank pi pow power quote "
    "radians rank replace round row_number rtrim sign sqrt strftime string_agg substr substring sum time "
    "timediff total trim trunc typeof unicode unixepoch unlikely upper -> ->>"
)
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
# What a schema that another tool wrote begins with; here it changes nothing.
_HARMLESS_PRAGMA = frozenset({"foreign_keys", "encoding"})

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|$)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\w+|[^\w\s]", re.DOTALL
)

# What may stand between AS and the bracket of a common table expression.
_BETWEEN = ("not", "materialized")


def run_query(query: str, setup: str, *, rows: int) -> str:
    """What is wrong with the query, in SQLite's own words where they are; nothing when it runs and gives enough rows.

    `setup` builds the tables first. Takes at most about a second and some ten megabytes, whatever it is given. Never
    raises.
    """
    if expansion_of(query) > MAX_EXPANSION or expansion_of(setup) > MAX_EXPANSION:
        return "its common table expressions refer to one another too often"
    with closing(sqlite3.connect(":memory:", isolation_level=None, cached_statements=0)) as connection:
        meter = _Meter(time.monotonic() + MAX_SECONDS)
        _bound(connection, meter)
        if setup.strip():
            problem = _try(partial(_build, connection, setup, meter), meter)
            if problem:
                return f"setup: {problem}"
        return _try(partial(_query, connection, query, rows, meter), meter)


class _Meter:
    """Counts what a check has used, and says when that is enough."""

    def __init__(self, deadline: float) -> None:
        self.is_over = False
        self._steps = 0
        self._compiled = 0
        self._deadline = deadline

    def step(self) -> bool:
        """Whether to interrupt: called by SQLite every so many steps."""
        self._steps += _STEPS_AT_ONCE
        # Time is looked at here, where nothing else can: a step may be made slow, and no draw depends on this.
        self.is_over = self._steps > MAX_STEPS or time.monotonic() > self._deadline
        return self.is_over

    def may(self, allowed: frozenset[int], action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """SQLite's question whether a statement may do this, asked for each name it compiles."""
        self._compiled += 1
        if self._compiled > MAX_COMPILED:
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (second or "").lower() in _FUNCTIONS else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA and allowed is _BUILDING and first in _HARMLESS_PRAGMA:
            return sqlite3.SQLITE_IGNORE
        return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY


def _bound(connection: sqlite3.Connection, meter: _Meter) -> None:
    connection.text_factory = bytes
    # Sorting must not spill to a file, nor the database grow past its pages.
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA max_page_count = {MAX_PAGES}")
    connection.execute("PRAGMA trusted_schema = OFF")
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    connection.set_progress_handler(meter.step, _STEPS_AT_ONCE)


def _build(connection: sqlite3.Connection, setup: str, meter: _Meter) -> str:
    connection.set_authorizer(partial(meter.may, _BUILDING))
    connection.executescript(setup)
    return ""


def _query(connection: sqlite3.Connection, query: str, rows: int, meter: _Meter) -> str:
    connection.set_authorizer(partial(meter.may, _READING))
    cursor = connection.execute(query)
    if cursor.description is None:
        return "there is no query"
    found = sum(1 for _ in cursor)
    return f"the query gives {found} rows, fewer than {rows}" if found < rows else ""


def _try(run: Callable[[], str], meter: _Meter) -> str:
    try:
        return run()
    except (sqlite3.Error, sqlite3.Warning, MemoryError, ValueError) as error:
        if meter.is_over:
            return f"it takes more than {MAX_STEPS:,} steps of SQLite, or {MAX_SECONDS} seconds"
        return " ".join(str(error).split()[:MAX_WORDS])[:300] or "it needs too much memory"


def expansion_of(sql: str) -> int:
    """How many copies its common table expressions may compile to, at the most: each use of one is a copy of it.

    SQLite makes them before anything could stop it. Whatever stands before `AS (` counts as the name of one.
    """
    found = _TOKEN.findall(sql[:MAX_SQL_BYTES])
    words = [_bare(word) for word in found if not word.startswith(("--", "/*"))]
    names = {_name_before(words, i) for i, word in enumerate(words) if word == "(" and _follows_as(words, i)}
    following = zip_longest(words, words[1:])
    uses = Counter(word for word, after in following if word in names and after != ".")
    return prod(max(count - 1, 1) for count in uses.values())


def _bare(word: str) -> str:
    return (word.strip("\"'`[]") if len(word) > 1 else word).casefold()


def _follows_as(words: list[str], place: int) -> bool:
    before = [word for word in words[max(place - 3, 0) : place] if word not in _BETWEEN]
    return before[-1:] == ["as"]


def _name_before(words: list[str], place: int) -> str:
    place -= 1
    while place > 0 and words[place] in ("as", *_BETWEEN):
        place -= 1
    if words[place] == ")":
        while place > 0 and words[place] != "(":
            place -= 1
        place -= 1
    return words[max(place, 0)]
