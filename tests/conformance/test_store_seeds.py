"""Every store keeps users' seed sets the same way: a line for each owner, and rows that stay while they are needed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gristmill.domain.ids import Digest, JobId, UploadId, UserId
from gristmill.domain.paging import Place
from gristmill.domain.seeds import SeedColumn, SeedSet, SeedUpload
from gristmill.domain.sharding import plan_shards
from gristmill.errors import BadInputError, InUseError, NotFoundError, StoreBusyError
from support.stores import NOON, Mill, a_job

ANN, BOB = UserId("ann"), UserId("bob")
# The one that `a_job` draws from.
DIGEST = Digest("seeds")
COLUMNS = (SeedColumn(name="größe", types=("string", "null"), present=7, sample='"é"'),)


def a_set(digest: str = DIGEST, owner: UserId = ANN, name: str = "products.csv") -> SeedSet:
    return SeedSet(owner=owner, digest=Digest(digest), name=name, rows=7, bytes=2**40, columns=COLUMNS, created_at=NOON)


def an_upload(key: str = "u-1") -> SeedUpload:
    return SeedUpload(id=UploadId(key), owner=ANN, name="a.csv", blob="uploads/u-1", expires_at=NOON)


def order(mill: Mill, owner: UserId, job: str = "job-1") -> None:
    made = replace(a_job(job=JobId(job)), owner=owner)
    mill(mill.store.create_job(made, plan_shards(made.id, first_slot=0, records=1, first_number=0)))


def test_a_line_is_given_back_as_it_was(mill: Mill) -> None:
    line = replace(a_set(), job=JobId("job-9"))
    assert mill(mill.store.add_seeds(line)) == mill(mill.store.read_seeds(ANN, DIGEST)) == line


def test_the_same_rows_again_keep_the_first_line(mill: Mill) -> None:
    first = mill(mill.store.add_seeds(a_set()))
    assert mill(mill.store.add_seeds(a_set(name="other.csv"))) == first
    assert mill(mill.store.add_seeds(a_set(owner=BOB, name="other.csv"))).name == "other.csv"


def test_what_another_owner_brought_does_not_exist(mill: Mill) -> None:
    mill(mill.store.add_seeds(a_set()))
    for verb in (mill.store.read_seeds(BOB, DIGEST), mill.store.delete_seeds(BOB, DIGEST)):
        with pytest.raises(NotFoundError, match="There are no seeds"):
            mill(verb)
    assert mill(mill.store.list_seeds(BOB)).items == []


def test_the_list_has_the_newest_first_in_pages(mill: Mill) -> None:
    for minutes, digest in enumerate("abcd"):
        # Two were brought at the same time.
        mill(mill.store.add_seeds(replace(a_set(digest), created_at=NOON + timedelta(minutes=minutes // 2))))
    page = mill(mill.store.list_seeds(ANN, limit=3))
    rest = mill(mill.store.list_seeds(ANN, limit=3, after=page.next))
    assert [line.digest for line in (*page.items, *rest.items)] == ["d", "c", "b", "a"]
    assert rest.next is None


def test_a_place_of_another_list_is_refused(mill: Mill) -> None:
    with pytest.raises(BadInputError, match="cursor"):
        mill(mill.store.list_seeds(ANN, after=Place(key="a", id="b")))


def test_a_set_that_own_jobs_draw_from_cannot_be_deleted(mill: Mill) -> None:
    mill(mill.store.add_seeds(a_set()))
    order(mill, BOB)
    order(mill, ANN, "job-2")
    with pytest.raises(InUseError, match=r"1 job draws from the seeds 'products\.csv'"):
        mill(mill.store.delete_seeds(ANN, DIGEST))
    assert mill(mill.store.read_seeds(ANN, DIGEST)) == a_set()


def test_a_set_that_only_others_draw_from_is_deleted_and_its_rows_stay(mill: Mill) -> None:
    mill(mill.store.add_seeds(a_set()))
    order(mill, BOB)
    mill(mill.store.delete_seeds(ANN, DIGEST))
    assert mill.query("SELECT * FROM seed_sets") == []
    assert not mill(mill.store.condemn_seeds(DIGEST))


def test_rows_that_somebody_has_a_line_for_are_not_condemned(mill: Mill) -> None:
    mill(mill.store.add_seeds(a_set(owner=BOB)))
    assert not mill(mill.store.condemn_seeds(DIGEST))
    mill(mill.store.delete_seeds(BOB, DIGEST))
    assert mill(mill.store.condemn_seeds(DIGEST))


def test_nobody_gets_a_line_for_what_is_condemned_until_it_is_forgotten(mill: Mill) -> None:
    for _ in range(2):
        assert mill(mill.store.condemn_seeds(DIGEST))
    assert mill(mill.store.list_condemned_seeds()) == [DIGEST]
    with pytest.raises(StoreBusyError, match="being deleted"):
        mill(mill.store.add_seeds(a_set()))
    mill(mill.store.forget_seeds(DIGEST))
    assert mill(mill.store.add_seeds(a_set())) == a_set()


def test_an_upload_is_its_owners_until_it_expires(mill: Mill) -> None:
    mill(mill.store.add_upload(an_upload()))
    assert mill(mill.store.read_upload(ANN, UploadId("u-1"))) == an_upload()
    with pytest.raises(NotFoundError):
        mill(mill.store.read_upload(BOB, UploadId("u-1")))
    mill.clock.pass_by(timedelta(microseconds=1))
    with pytest.raises(NotFoundError, match="expired"):
        mill(mill.store.read_upload(ANN, UploadId("u-1")))


def test_expired_uploads_are_listed_until_they_end(mill: Mill) -> None:
    mill(mill.store.add_upload(an_upload()))
    assert mill(mill.store.list_expired_uploads(NOON)) == []
    assert mill(mill.store.list_expired_uploads(NOON + timedelta(seconds=1))) == [an_upload()]
    mill(mill.store.end_upload(UploadId("u-1")))
    assert mill(mill.store.list_expired_uploads(NOON + timedelta(seconds=1))) == []
