"""Every operation of the document, asked with thousands of requests that nobody would write."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from support.fuzzing import Town, open_document, open_town

DOCUMENT = open_document(thorough=False)
PATIENT = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with pytest.MonkeyPatch.context() as patch, open_town(tmp_path_factory.mktemp("town"), patch) as opened:
        yield opened


@DOCUMENT.parametrize()
@settings(max_examples=6, suppress_health_check=PATIENT)
def test_no_request_breaks_the_server_or_the_document(case: schemathesis.Case, town: Town) -> None:
    town.ground(case)
    town.check(case)
