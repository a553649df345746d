"""Every operation of the document, asked with requests that nobody would write, alone and one after another."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from support.fuzzing import Case, Town, open_document, open_town, walk

DOCUMENT = open_document(thorough=False)
THOROUGH = open_document(thorough=True)
# Schemas are generated from, not chosen for speed; a case costs some milliseconds on an idle machine.
PATIENT = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with pytest.MonkeyPatch.context() as patch, open_town(tmp_path_factory.mktemp("town"), patch) as opened:
        yield opened


@DOCUMENT.parametrize()  # type: ignore[untyped-decorator]  # schemathesis names no type for it
@settings(max_examples=6, suppress_health_check=PATIENT)
def test_no_request_breaks_the_server_or_its_document(case: Case, town: Town) -> None:
    town.ask(case)


@pytest.mark.long
@THOROUGH.parametrize()  # type: ignore[untyped-decorator]  # as above
@settings(max_examples=60, suppress_health_check=PATIENT)
def test_none_of_thousands_of_requests_breaks_the_server_or_its_document(case: Case, town: Town) -> None:
    town.ask(case)


def test_no_walk_along_the_links_breaks_the_server_or_its_document(town: Town) -> None:
    walk(DOCUMENT, town, walks=8, steps=12)


@pytest.mark.long
def test_none_of_many_walks_breaks_the_server_or_its_document(town: Town) -> None:
    walk(DOCUMENT, town, walks=200, steps=30)
