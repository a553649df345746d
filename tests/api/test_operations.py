"""What machines ask of a server, and what it says and notes when something goes wrong in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import WorkerId
from gristmill.domain.usage import Usage
from gristmill.domain.worker import LATENCY_BOUNDS, Latencies, WorkerGauges
from gristmill.errors import StorageFullError, StoreBusyError
from gristmill.ports.blobs import Blobs
from support.answers import nano
from support.api import problem
from support.milled import PRICED, Milled


@contextmanager
def worker(milled: Milled, name: str, gauges: WorkerGauges) -> Iterator[None]:
    """A worker that has just reported itself."""
    store, portal = milled.ann.service.store, milled.client.portal
    assert portal is not None
    portal.call(store.report_worker, WorkerId(name), "host", datetime.now(UTC), gauges)
    try:
        yield
    finally:
        portal.call(store.forget_worker, WorkerId(name))


class Broken:
    """A part of which every verb fails with this error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, verb: str) -> Any:
        async def fail(*_: object, **__: object) -> None:
            raise self._error

        return fail


class Full:
    """Blobs that can be read and hold no more."""

    def __init__(self, real: Blobs) -> None:
        self._real = real

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._real, verb)

    async def put_new(self, _name: str, _content: bytes) -> None:
        raise StorageFullError("The disk is full.")


def parts(milled: Milled) -> tuple[int, dict[str, str]]:
    """The status of /readyz, and what is wrong with each part."""
    answer = milled.client.get("/readyz")
    shown = answer.json()
    assert all(part["is_ready"] is not bool(part["detail"]) for part in shown["parts"])
    assert shown["is_ready"] is all(part["is_ready"] for part in shown["parts"])
    return answer.status_code, {part["name"]: part["detail"] for part in shown["parts"]}


def test_a_server_answers_that_it_lives(milled: Milled) -> None:
    answer = milled.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_a_server_without_workers_is_not_ready_and_says_so(milled: Milled) -> None:
    status, told = parts(milled)
    assert (status, told["store"], told["blobs"]) == (503, "", "")
    assert "worker" in told["workers"]
    with worker(milled, "w", WorkerGauges()):
        assert parts(milled) == (200, {"store": "", "blobs": "", "workers": ""})


@pytest.mark.parametrize("part", ["store", "blobs"])
def test_a_part_that_does_not_answer_is_named(milled: Milled, part: str) -> None:
    busy = StoreBusyError("It gave no answer in time.")
    with worker(milled, "w", WorkerGauges()), milled.serving(**{part: Broken(busy)}):
        status, told = parts(milled)
    assert (status, told[part]) == (503, "It gave no answer in time.")
    assert milled.client.get("/healthz").status_code == 200


def test_blobs_that_nothing_can_be_written_to_are_named(milled: Milled) -> None:
    real = milled.ann.service.blobs
    with worker(milled, "w", WorkerGauges()), milled.serving(blobs=Full(real)):
        status, told = parts(milled)
    assert (status, told["blobs"]) == (503, "The disk is full.")


def test_the_look_at_blobs_leaves_nothing_behind(milled: Milled) -> None:
    before = _names(milled)
    parts(milled)
    assert _names(milled) == before


def _names(milled: Milled) -> list[str]:
    async def names() -> list[str]:
        return sorted([name async for name in milled.ann.service.blobs.list("")])

    portal = milled.client.portal
    assert portal is not None
    return portal.call(names)


def figures(client: TestClient) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation for family in families)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_metrics_tell_what_all_jobs_add_up_to(milled: Milled) -> None:
    told = figures(milled.client)
    store, portal = milled.ann.service.store, milled.client.portal
    assert portal is not None
    totals = portal.call(store.read_store_totals)
    assert told["gristmill_records_total",] == totals.accepted >= 16
    assert told["gristmill_rejected_attempts_total",] == totals.rejected >= 19
    for status, count in totals.jobs.items():
        assert told["gristmill_jobs", str(status)] == count
    least = nano(milled.ann.get(f"/jobs/{milled.job}").json()["money"]["billed_usd"])
    spent = told["gristmill_spent_usd_total", "billed", PRICED]
    assert spent == pytest.approx(totals.spent[PRICED].billed / 10**9)
    assert totals.spent[PRICED].billed >= least


def test_metrics_tell_what_workers_measure(milled: Milled) -> None:
    latencies = Latencies(counts=(2, 1, *[0] * (len(LATENCY_BOUNDS) - 2), 1), seconds=61.5)
    one = WorkerGauges(
        jobs=2,
        in_flight=3,
        windows={ModelName(PRICED): 8},
        calls=10,
        failed=4,
        rate_limited=2,
        retried=3,
        usage=Usage(input=100, output=7, cached=5),
        latencies=latencies,
        cpu_seconds=1.5,
    )
    with worker(milled, "w-1", one), worker(milled, "w-2", replace(one, windows={ModelName("openai:x"): 2})):
        told = figures(milled.client)
    assert told["gristmill_workers",] == 2
    assert told["gristmill_jobs_at_work",] == 4
    assert told["gristmill_calls_in_flight",] == 6
    assert (told["gristmill_call_window", PRICED], told["gristmill_call_window", "openai:x"]) == (8, 2)
    calls = {
        outcome: told["gristmill_calls_total", outcome] for outcome in ("sent", "failed", "rate_limited", "retried")
    }
    assert calls == {"sent": 20, "failed": 8, "rate_limited": 4, "retried": 6}
    assert (told["gristmill_tokens_total", "input"], told["gristmill_tokens_total", "cached"]) == (200, 10)
    assert told["gristmill_worker_cpu_seconds_total",] == 3
    buckets = [told["gristmill_call_seconds_bucket", bound] for bound in ("0.05", "0.1", "60", "+Inf")]
    assert buckets == [4, 6, 6, 8]
    assert (told["gristmill_call_seconds_count",], told["gristmill_call_seconds_sum",]) == (8, 123)


def test_figures_that_cannot_be_read_are_none(milled: Milled) -> None:
    with milled.serving(store=Broken(StoreBusyError("It gave no answer in time."))):
        problem(milled.client.get("/metrics"), 503, "store_busy")


def test_metrics_name_no_user_and_no_secret(milled: Milled) -> None:
    text = milled.client.get("/metrics").text
    assert "@" not in text
    assert milled.ann.headers["Authorization"].removeprefix("Bearer ") not in text
    assert milled.job not in text
    home = milled.ann.service.settings.home_folder
    secrets = [path.read_text().strip() for path in Path(home).glob("secret*") if path.is_file()]
    assert secrets
    assert not any(secret in text for secret in secrets)


@contextmanager
def logged() -> Iterator[list[Any]]:
    """What the server notes meanwhile, request ids included."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


def test_a_request_has_one_id_in_its_answer_its_problem_and_the_log(milled: Milled) -> None:
    with logged() as lines:
        answer = milled.ann.get("/jobs/nothing", headers={"X-Request-Id": "from-a-proxy-1"})
    assert problem(answer, 404, "not_found")["request_id"] == "from-a-proxy-1"
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["request_id"], line["status"], line["path"]) == ("from-a-proxy-1", 404, "/api/v1/jobs/nothing")


@pytest.mark.parametrize("given", ["short", "x" * 65, "two words", "a\tb-12345", '{"forged": 1}', "<script>alert"])
def test_an_id_that_could_forge_a_line_is_not_taken(milled: Milled, given: str) -> None:
    answer = milled.client.get("/healthz", headers={"X-Request-Id": given})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])


def test_what_machines_look_at_all_the_time_is_not_logged(milled: Milled) -> None:
    with logged() as lines:
        for path in ("/healthz", "/readyz", "/metrics"):
            milled.client.get(path)
    assert lines == []


def test_a_mistake_of_our_own_is_a_problem_without_its_insides(milled: Milled) -> None:
    secret = "insides-of-the-server"
    with logged() as lines, milled.serving(index=None, blobs=None, store=_failing(milled, RuntimeError(secret))):
        answer = milled.ann.get(f"/jobs/{milled.job}")
    document = problem(answer, 500, "internal")
    assert secret not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    (noted,) = [line for line in lines if line["event"] == "request_failed"]
    assert noted["request_id"] == document["request_id"]
    assert secret in str(noted["exc_info"])
    assert [line["status"] for line in lines if line["event"] == "request"] == [500]


def _failing(milled: Milled, error: Exception) -> Any:
    """The store, whose jobs cannot be read."""

    class Failing:
        def __getattr__(self, verb: str) -> Any:
            part = Broken(error) if verb == "read_job" else milled.ann.service.store
            return getattr(part, verb)

    return Failing()
