"""Every Journal is the same thing: what a verb has noted outlives its worker, and what it has not is never invented."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.adapters.local import LocalJournal
from gristmill.domain.call import Call
from gristmill.domain.ids import WorkerId
from gristmill.errors import InUseError, StorageFullError
from gristmill.ports.journal import DeadEpoch, Journal, Start
from support.child import start_python
from support.limits import no_file_beyond
from support.rows import JOB, a_call, a_lease, a_start

DEAD = WorkerId("worker-1")
READER = WorkerId("worker-2")

CALLS = tuple(
    a_call(slot, reply=reply) for slot, reply in enumerate(["Yes.", None, "Ü\n\ud800 line", "", "No.", "x" * 300])
)

# The order in which calls settle is not that in which they start; the last two are still open.
SETTLED = (2, 0, 3, 1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def reader(root: Path) -> Iterator[LocalJournal]:
    journal = LocalJournal(root, READER)
    yield journal
    journal.close()


def write_journal(root: Path, *, boot_id: str | None = None) -> None:
    """What a worker leaves that died with two calls open."""
    journal = LocalJournal(root, DEAD, boot_id=boot_id)
    log = journal.open_epoch(a_lease(shard=3, epoch=7))
    for number, call in enumerate(CALLS):
        log.started(a_start(number, call))
    for number in SETTLED:
        log.ended(number, CALLS[number])
    journal.close()


def read_one(journal: Journal) -> DeadEpoch:
    (epoch,) = journal.read_dead(DEAD)
    return epoch


def settled(epoch: DeadEpoch) -> list[Call]:
    return list(epoch.ended)


def test_a_dead_worker_s_calls_are_read_back_in_the_order_in_which_they_settled(
    root: Path, reader: LocalJournal
) -> None:
    write_journal(root)

    epoch = read_one(reader)

    assert (epoch.worker, epoch.job, epoch.shard, epoch.epoch) == (DEAD, JOB, 3, 7)
    assert settled(epoch) == [CALLS[number] for number in SETTLED]
    assert list(epoch.open) == [a_start(4, CALLS[4]), a_start(5, CALLS[5])]
    assert epoch.is_proof


def test_after_a_reboot_nothing_is_proof(root: Path, reader: LocalJournal) -> None:
    write_journal(root, boot_id="another-boot")

    epoch = read_one(reader)

    assert not epoch.is_proof
    assert len(epoch.ended) == len(SETTLED)


def test_a_journal_cut_off_at_any_byte_is_a_prefix_of_itself(root: Path, reader: LocalJournal) -> None:
    write_journal(root)
    (path,) = (root / DEAD).glob("*.journal")
    whole = path.read_bytes()
    assert reader.dead_workers() == [DEAD]
    longest = 0

    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        epochs = reader.read_dead(DEAD)
        assert len(epochs) <= 1
        for epoch in epochs:
            assert settled(epoch) == [CALLS[number] for number in SETTLED[: len(epoch.ended)]]
            known = {(start.number, start.place) for start in epoch.open} | {
                (call.place.slot, call.place) for call in epoch.ended
            }
            assert known == {(number, CALLS[number].place) for number in range(len(known))}
            assert len(epoch.ended) >= longest
            assert epoch.is_proof
            longest = len(epoch.ended)

    assert longest == len(SETTLED) - 1


def test_a_journal_with_any_byte_changed_invents_nothing_and_is_no_proof(root: Path, reader: LocalJournal) -> None:
    write_journal(root)
    (path,) = (root / DEAD).glob("*.journal")
    whole = path.read_bytes()

    for place in range(len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        for epoch in reader.read_dead(DEAD):
            assert settled(epoch) == [CALLS[number] for number in SETTLED[: len(epoch.ended)]]
            assert not epoch.is_proof


def test_one_dead_worker_has_one_reader(root: Path, reader: LocalJournal) -> None:
    write_journal(root)
    other = LocalJournal(root, WorkerId("worker-3"))

    assert reader.dead_workers() == [DEAD]
    assert other.dead_workers() == []
    assert other.read_dead(DEAD) == []
    assert len(reader.read_dead(DEAD)) == 1

    other.close()


def test_a_reader_that_goes_leaves_the_journal_to_the_next(root: Path, reader: LocalJournal) -> None:
    write_journal(root)
    first = LocalJournal(root, WorkerId("worker-3"))
    assert len(first.read_dead(DEAD)) == 1
    first.close()

    assert len(reader.read_dead(DEAD)) == 1


def test_a_forgotten_journal_is_gone(root: Path, reader: LocalJournal) -> None:
    write_journal(root)
    reader.read_dead(DEAD)
    reader.forget(DEAD)

    assert reader.dead_workers() == []
    assert reader.read_dead(DEAD) == []
    assert [path.name for path in root.iterdir()] == [READER]


def test_a_living_worker_is_not_dead(root: Path, reader: LocalJournal) -> None:
    living = LocalJournal(root, DEAD)
    log = living.open_epoch(a_lease())
    log.started(a_start(0, CALLS[0]))

    assert reader.dead_workers() == []
    assert reader.read_dead(DEAD) == []

    living.close()
    assert reader.dead_workers() == [DEAD]


def test_released_leases_leave_no_folder(root: Path) -> None:
    journal = LocalJournal(root, DEAD)
    log = journal.open_epoch(a_lease())
    log.close(delete=True)
    log.close(delete=True)
    journal.close()

    assert list(root.iterdir()) == []


def test_a_kept_log_outlives_its_journal_s_close(root: Path, reader: LocalJournal) -> None:
    journal = LocalJournal(root, DEAD)
    for epoch, is_lost in ((1, False), (2, True)):
        log = journal.open_epoch(a_lease(epoch=epoch))
        log.started(a_start(0, CALLS[0]))
        log.close(delete=not is_lost)
    journal.close()

    assert read_one(reader).epoch == 2


def test_two_workers_of_one_name_are_refused(root: Path) -> None:
    journal = LocalJournal(root, DEAD)

    with pytest.raises(InUseError, match="worker-1"):
        LocalJournal(root, DEAD)

    journal.close()


def test_an_end_without_its_start_is_refused(root: Path) -> None:
    journal = LocalJournal(root, DEAD)
    log = journal.open_epoch(a_lease())
    log.started(a_start(0, CALLS[0]))

    with pytest.raises(ValueError, match="call 1"):
        log.ended(1, CALLS[1])
    with pytest.raises(ValueError, match="call 0"):
        log.ended(0, replace(CALLS[0], prompt="another"))
    log.ended(0, CALLS[0])
    with pytest.raises(ValueError, match="call 0"):
        log.ended(0, CALLS[0])

    journal.close()


def test_a_line_that_a_full_disk_cut_short_counts_as_not_written(root: Path, reader: LocalJournal) -> None:
    journal = LocalJournal(root, DEAD)
    log = journal.open_epoch(a_lease())
    (path,) = (root / DEAD).glob("*.journal")
    log.started(a_start(0, CALLS[0]))
    whole = path.read_bytes()

    for room in range(150):
        with no_file_beyond(len(whole) + room), pytest.raises(StorageFullError):
            log.ended(0, replace(CALLS[0], reply="x" * 300))
        assert path.read_bytes() == whole
    log.ended(0, CALLS[0])
    journal.close()

    epoch = read_one(reader)
    assert settled(epoch) == [CALLS[0]]
    assert epoch.is_proof


def test_what_a_killed_worker_noted_is_there_and_its_programs_hold_no_lock(root: Path, reader: LocalJournal) -> None:
    script = """
import subprocess, sys
from pathlib import Path
from gristmill.adapters.local import LocalJournal
from support.rows import a_call, a_lease, a_start
journal = LocalJournal(Path(sys.argv[1]), "worker-1")
log = journal.open_epoch(a_lease())
log.started(a_start(0, a_call(0)))
log.ended(0, a_call(0))
log.started(a_start(1, a_call(1)))
subprocess.Popen([sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()"], close_fds=False)
sys.stdin.read()
"""
    with start_python(script, str(root)) as (worker, stdout):
        assert stdout.readline() == b"ready\n"
        assert reader.dead_workers() == []
        worker.kill()
        worker.wait()

        assert reader.dead_workers() == [DEAD]
    epoch = read_one(reader)
    assert settled(epoch) == [a_call(0)]
    assert list(epoch.open) == [a_start(1, a_call(1))]
    assert epoch.is_proof


def test_starts_alone_are_open(root: Path, reader: LocalJournal) -> None:
    journal = LocalJournal(root, DEAD)
    log = journal.open_epoch(a_lease())
    starts: list[Start] = [a_start(number, call) for number, call in enumerate(CALLS)]
    for start in starts:
        log.started(start)
    journal.close()

    assert list(read_one(reader).open) == starts


def test_a_log_that_finds_no_room_is_none(root: Path) -> None:
    journal = LocalJournal(root, DEAD)
    with no_file_beyond(10), pytest.raises(StorageFullError):
        journal.open_epoch(a_lease())
    assert not list((root / DEAD).glob("*.journal"))
    journal.open_epoch(a_lease()).close(delete=True)
    journal.close()

    assert list(root.iterdir()) == []


def test_lines_are_offered_for_a_sync_once(root: Path) -> None:
    journal = LocalJournal(root, DEAD)
    log = journal.open_epoch(a_lease())
    log.started(a_start(0, CALLS[0]))

    copy = log.unsynced()
    assert copy is not None
    assert os.fstat(copy).st_size > 0
    os.close(copy)
    assert log.unsynced() is None
    log.ended(0, CALLS[0])
    copy = log.unsynced()
    assert copy is not None
    os.close(copy)

    journal.close()
