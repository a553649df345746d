"""Every store keeps marks the same way: one for each slot, the last one set."""

from gristmill.domain.ids import JobId, Slot
from gristmill.domain.mark import Mark
from support.stores import JOB, NOON, TTL, Mill


def slots(*numbers: int) -> list[Slot]:
    return list(map(Slot, numbers))


def marked(mill: Mill, first: int = 0, last: int = 2**40, job: JobId = JOB) -> list[tuple[int, str, str]]:
    marks = mill(mill.store.read_marks(job, first=Slot(first), last=Slot(last)))
    return [(mark.slot, mark.mark, mark.note) for mark in marks]


def test_a_mark_is_given_back_as_it_was_set(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, slots(2**33), "good", "just é"))
    assert mill(mill.store.read_marks(JOB, first=Slot(0), last=Slot(2**33))) == [
        Mark(slot=Slot(2**33), mark="good", note="just é", at=NOON)
    ]


def test_the_last_mark_stands_with_its_note_and_time(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, slots(1, 2), "good", "fine"))
    mill.clock.pass_by(TTL)
    mill(mill.store.set_marks(JOB, slots(2, 3, 3), "bad"))
    assert marked(mill) == [(1, "good", "fine"), (2, "bad", ""), (3, "bad", "")]
    assert [mark.at - NOON for mark in mill(mill.store.list_marks(JOB, "bad", first=Slot(0), limit=9))] == [TTL, TTL]


def test_a_mark_is_taken_away_and_taking_it_again_is_nothing(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, slots(1, 2), "good"))
    for _ in range(2):
        mill(mill.store.set_marks(JOB, slots(1), None))
    assert marked(mill) == [(2, "good", "")]


def test_no_slots_are_nothing(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, [], "good"))
    assert marked(mill) == []


def test_a_range_has_both_its_ends_and_no_other_job(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, slots(1, 2, 3, 4), "good"))
    mill(mill.store.set_marks(JobId("job-2"), slots(2), "bad"))
    assert [slot for slot, _, _ in marked(mill, 2, 3)] == [2, 3]
    assert marked(mill, job=JobId("job-2")) == [(2, "bad", "")]


def test_marks_of_a_kind_are_listed_page_by_page(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, slots(5, 1, 9, 7), "good"))
    mill(mill.store.set_marks(JOB, slots(3, 8), "bad"))
    pages, first = [], 0
    while page := mill(mill.store.list_marks(JOB, "good", first=Slot(first), limit=3)):
        pages.append([mark.slot for mark in page])
        first = page[-1].slot + 1
    assert pages == [[1, 5, 7], [9]]


def test_many_slots_are_marked_at_once(mill: Mill) -> None:
    mill(mill.store.set_marks(JOB, slots(*range(1_200)), "good"))
    mill(mill.store.set_marks(JOB, slots(*range(1_200)), "bad"))
    assert {mark for _, mark, _ in marked(mill)} == {"bad"}
    assert len(marked(mill)) == 1_200
