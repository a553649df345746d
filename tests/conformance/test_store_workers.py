"""Every store keeps the same of workers that live."""

from datetime import timedelta

from gristmill.domain.completion import ModelName
from gristmill.domain.ids import JobId, WorkerId
from gristmill.domain.usage import Usage
from gristmill.domain.worker import LATENCY_BOUNDS, SILENT, Latencies, WorkerGauges, WorkerReport, class_of
from support.stores import INSTANT, JOB, NOON, Mill

FIGURES = WorkerGauges(
    jobs=2,
    in_flight=7,
    making={JobId("job-1"): 9},
    windows={ModelName("openai:a"): 12},
    calls=100,
    failed=4,
    rate_limited=3,
    retried=4,
    usage=Usage(input=1_000, output=200, cached=3),
    latencies=Latencies(counts=tuple(range(len(LATENCY_BOUNDS) + 1)), seconds=12.5),
    cpu_seconds=1.25,
)


def report(mill: Mill, name: str, gauges: WorkerGauges = FIGURES) -> None:
    mill(mill.store.report_worker(WorkerId(name), "host-1", NOON, gauges))


def test_a_worker_is_read_as_it_last_reported_itself(mill: Mill) -> None:
    report(mill, "w1", WorkerGauges())
    mill.clock.pass_by(timedelta(seconds=5))
    report(mill, "w1")
    (seen,) = mill(mill.store.list_workers(NOON))
    at = NOON + timedelta(seconds=5)
    assert seen == WorkerReport(id=WorkerId("w1"), host="host-1", started_at=NOON, seen_at=at, gauges=FIGURES)
    assert mill(mill.store.list_workers(at + INSTANT)) == []


def test_a_worker_that_says_goodbye_is_gone_and_again_is_nothing(mill: Mill) -> None:
    report(mill, "w1")
    report(mill, "w2")
    for _ in range(2):
        mill(mill.store.forget_worker(WorkerId("w1")))
        assert [worker.id for worker in mill(mill.store.list_workers(NOON))] == ["w2"]


def test_a_worker_that_has_said_nothing_for_minutes_goes_with_the_next_report(mill: Mill) -> None:
    report(mill, "dead")
    mill.clock.pass_by(timedelta(minutes=5) + INSTANT)
    report(mill, "w1")
    assert mill.query("SELECT id FROM workers") == [("w1",)]


def test_a_jobs_records_in_the_making_are_those_of_all_workers_that_live(mill: Mill) -> None:
    mill.create()

    def in_flight() -> int | None:
        return mill(mill.store.read_totals(JOB)).in_flight

    assert in_flight() is None
    report(mill, "w1", WorkerGauges(making={JOB: 3, JobId("other"): 5}))
    mill.clock.pass_by(SILENT)
    report(mill, "w2", WorkerGauges(making={JOB: 4}))
    report(mill, "w3", WorkerGauges())
    assert in_flight() == 7
    mill.clock.pass_by(INSTANT)
    assert in_flight() == 4


def test_a_call_is_counted_in_the_first_class_that_holds_it() -> None:
    assert [class_of(seconds) for seconds in (0.0, 0.05, 0.051, 60.0, 61.0)] == [0, 0, 1, 9, 10]
