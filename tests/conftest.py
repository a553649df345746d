"""The house's rules of testing: a run in which anything was left out has failed."""

from pathlib import Path

import pytest
from hypothesis import settings

from support import postgres

# The same examples for everybody in `make test`; `make test-long` goes looking for new ones.
settings.register_profile("house", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=2_000)
settings.load_profile("house")

# What runs by the hundred what other tests run too: measured by coverage it would take half as long again.
UNMEASURED = (
    *("faults", "mutants", "property", "e2e/web"),
    *("api/test_access.py", "api/test_fuzz.py", "api/test_odd_requests.py"),
)
LEFT_OUT = ("skipped", "xfailed", "xpassed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="fail when a test not marked `long` is deselected")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix().startswith(UNMEASURED):
            item.add_marker("no_cover")


def pytest_deselected(items: list[pytest.Item]) -> None:
    unwanted = [item.nodeid for item in items if item.get_closest_marker("long") is None]
    if unwanted and items[0].config.getoption("whole"):
        raise pytest.UsageError(f"left out of a whole run: {', '.join(unwanted)}")


def pytest_unconfigure() -> None:
    postgres.stop_server()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    left_out = {kind: len(reporter.stats[kind]) for kind in LEFT_OUT if reporter.stats.get(kind)}
    if left_out and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"\nFailed: no test may be left out: {left_out}", red=True)
