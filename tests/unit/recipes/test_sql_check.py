"""SQL of a record runs, or its own trouble is all the trouble there is."""

import resource
import time
from pathlib import Path

import pytest

from gristmill.recipes.sql_check import expansion_of, run_query

TABLE = (
    "PRAGMA foreign_keys=OFF; BEGIN; CREATE TABLE t(a INTEGER, b TEXT); INSERT INTO t VALUES (1,'x'),(2,'y'); COMMIT;"
)
BIG = "CREATE TABLE t(a,b); INSERT INTO t VALUES " + ",".join(f"({i},'{'x' * 60}')" for i in range(500)) + ";"
LONG = "hex(hex(hex(hex(hex(hex(hex(hex(hex('0123456')))))))))"
FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
VIEWS = "CREATE TABLE t(a);" + "".join(f"CREATE VIEW v{i} AS SELECT x.a FROM t x, t y;" for i in range(20))
NESTED = ", ".join(
    ["WITH c0 AS (SELECT 1 AS a)", *(f"c{i} AS (SELECT x.a FROM c{i - 1} x, c{i - 1} y)" for i in range(1, 17))]
)
WIDE = ",".join(f"c a{i}" for i in range(60))

ATTACKS = {
    "a query without end": (f"{FOREVER} * FROM n", ""),
    "a count without end": (f"{FOREVER} count(*) FROM n", ""),
    "a pile to sort": (f"{FOREVER} {LONG} || x AS y FROM n ORDER BY y", ""),
    "a pile to tell apart": (f"{FOREVER} DISTINCT {LONG} || x FROM n", ""),
    "a window over a pile": ("SELECT max(a.b) OVER (ORDER BY b.b) FROM t a, t b", BIG),
    "a text that doubles": ("WITH RECURSIVE n(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM n) SELECT x FROM n", ""),
    "a huge blob": ("SELECT zeroblob(1000000000)", ""),
    "a huge random blob": ("SELECT randomblob(1000000000)", ""),
    "a padded text": ("SELECT printf('%.*c', 2000000000, 'x')", ""),
    "a padded text by the other name": ("SELECT format('%.*c', 2000000000, 'x')", ""),
    "one text of all": ("SELECT group_concat(a.b) FROM t a, t b, t c", BIG),
    "one array of all": ("SELECT json_group_array(a.b) FROM t a, t b, t c", BIG),
    "a cross join": ("SELECT count(*) FROM t a, t b, t c, t d", BIG),
    "a sorted cross join": (f"SELECT a.b, {LONG} || b.a || c.a AS y FROM t a, t b, t c ORDER BY y", BIG),
    "a slow pattern": (
        f"SELECT count(*) FROM t a, t b WHERE {LONG} || a.a || b.a LIKE '%3%3%3%3%3%3%3%3%3%3%3%3%3%3%3%x'",
        BIG,
    ),
    "a slow search": (f"SELECT instr({LONG}, substr({LONG}, 3, 1000) || 'x') FROM t a, t b", BIG),
    "a slow trim": (f"SELECT trim({LONG}, {LONG}) FROM t a, t b", BIG),
    "tables that nest": (f"{NESTED} SELECT count(*) FROM c16", ""),
    "tables that nest wide": (
        f"WITH c AS (SELECT 1), d AS (SELECT 1 FROM {WIDE}) SELECT 1 FROM {WIDE}, d, d e, d f, d g, d h, d i, d j, d k",
        "",
    ),
    "views that nest": ("SELECT 1", VIEWS),
    "many joins": ("SELECT 1 FROM " + ",".join(f"t a{i}" for i in range(64)), BIG),
    "brackets": ("SELECT " + "(" * 5000 + "1" + ")" * 5000, ""),
    "a long sum": ("SELECT " + "1+" * 20000 + "1", ""),
    "a long list": ("SELECT 1 WHERE 1 IN (" + ",".join(["1"] * 40000) + ")" + " " * 50_000, ""),
    "a long text": ("SELECT '" + "x" * 200_000 + "'", ""),
    "many unions": (" UNION ".join(["SELECT 1"] * 2000), ""),
    "another database": ("ATTACH '{folder}/evil.db' AS evil", ""),
    "another database in setup": ("SELECT 1", "ATTACH '{folder}/evil.db' AS evil"),
    "a copy on disk": ("VACUUM INTO '{folder}/evil.db'", ""),
    "a copy on disk in setup": ("SELECT 1", "VACUUM INTO '{folder}/evil.db'"),
    "a pragma": ("PRAGMA writable_schema = 1", ""),
    "a pragma in setup": ("SELECT 1", "PRAGMA writable_schema = 1"),
    "a limit for the whole process": ("SELECT 1", "PRAGMA hard_heap_limit = 1000"),
    "more room": ("SELECT 1", "PRAGMA max_page_count = 1000000000"),
    "a pragma as a table": ("SELECT * FROM pragma_database_list", BIG),
    "an extension": ("SELECT load_extension('/tmp/x.so')", ""),
    "a file": ("SELECT readfile('/etc/passwd')", ""),
    "a virtual table": ("SELECT 1", "CREATE VIRTUAL TABLE f USING fts5(a)"),
    "a trigger": (
        "SELECT 1",
        "CREATE TABLE t(a); CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t VALUES (1); END",
    ),
    "a second statement": ("SELECT 1; DROP TABLE t", BIG),
    "a change": ("DELETE FROM t", BIG),
    "a change that gives rows": ("INSERT INTO t VALUES (1, 2) RETURNING a", BIG),
    "a setup that fills memory": ("SELECT 1", f"CREATE TABLE t(a); INSERT INTO t {FOREVER} {LONG} FROM n"),
    "a NUL": ("SELECT 1\0", ""),
    "half a pair": ("SELECT '\ud800'", ""),
    "nothing": ("", ""),
    "a comment": ("-- SELECT 1", ""),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_query_fails_in_a_second_and_in_bounded_memory(attack: str, tmp_path: Path) -> None:
    query, setup = (sql.replace("{folder}", str(tmp_path)) for sql in ATTACKS[attack])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.thread_time()
    assert run_query(query, setup, rows=0) != ""
    assert time.thread_time() - started < 1.0
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 128
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a, upper(b) FROM t WHERE b LIKE 'x%' ORDER BY a LIMIT 5",
        "WITH big AS (SELECT * FROM t), one AS (SELECT * FROM big) SELECT one.a FROM one JOIN big b ON b.a = one.a",
        "SELECT b, count(*), avg(a), rank() OVER (ORDER BY b) FROM t GROUP BY b HAVING count(*) > 0;",
        "SELECT date('now', '-30 days'), json_extract('{\"a\": 1}', '$.a'), CASE WHEN a = 1 THEN 'one' END FROM t",
        "VALUES (1)",
    ],
)
def test_a_query_that_reads_passes(query: str) -> None:
    assert run_query(query, TABLE, rows=1) == ""


@pytest.mark.parametrize(
    ("query", "setup", "rows", "words"),
    [
        ("SELECT c FROM t", TABLE, 0, "no such column: c"),
        ("SELEC 1", TABLE, 0, 'near "SELEC": syntax error'),
        ("SELECT * FROM t WHERE a > 5", TABLE, 1, "the query gives 0 rows, fewer than 1"),
        ("SELECT 1", "CREATE TABL t(a)", 0, 'setup: near "TABL": syntax error'),
    ],
)
def test_what_is_wrong_is_said_in_sqlites_words(query: str, setup: str, rows: int, words: str) -> None:
    assert run_query(query, setup, rows=rows) == words


def test_checks_share_nothing() -> None:
    assert run_query("SELECT * FROM t", TABLE, rows=2) == ""
    assert run_query("SELECT * FROM t", "", rows=0) == "no such table: t"


@pytest.mark.parametrize(
    ("sql", "most"),
    [
        ("SELECT 1", 1),
        ("WITH a AS (SELECT 1) SELECT * FROM a", 1),
        ("WITH a AS (SELECT 1), b AS (SELECT * FROM a x, a y) SELECT * FROM b x, b y", 4),
        ('WITH "a b"(x) AS NOT MATERIALIZED (SELECT 1) SELECT * FROM "a b", [a b], `A B`', 3),
        ("WITH a AS (SELECT 1) SELECT a.x, a.y, a.z FROM a -- a a a", 1),
    ],
)
def test_copies_of_common_tables_are_counted_before_they_are_made(sql: str, most: int) -> None:
    assert expansion_of(sql) == most
