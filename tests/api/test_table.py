"""Every endpoint is tested, for everything it may answer: no line of the table is missing, and none is made up."""

import ast
from collections import Counter
from pathlib import Path

from api.table import ROWS, endpoints

HERE = Path(__file__).parent


def functions() -> Counter[str]:
    """How often each test of this folder is written."""
    trees = (ast.parse(path.read_text("utf-8")) for path in sorted(HERE.glob("test_*.py")))
    return Counter(
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_no_line_is_of_an_endpoint_that_is_not_there() -> None:
    assert set(ROWS) - {str(endpoint) for endpoint in endpoints()} == set()


def test_every_line_names_tests_that_exist() -> None:
    written = functions()
    named = {(str(endpoint), name) for endpoint in endpoints() for name in ROWS.get(str(endpoint), {}).values()}
    assert {(where, name) for where, name in named if written[name] != 1} == set()
