"""Every store holds a user's limit on money: over all their jobs together, and however many orders come at once."""

import asyncio
from dataclasses import replace

import pytest

from gristmill.domain.account import NewUser, UserLimits
from gristmill.domain.audit import AuditEntry
from gristmill.domain.ids import LOCAL, Digest, JobId, UserId
from gristmill.domain.job import Job, StopReason
from gristmill.domain.money import NanoUsd
from gristmill.domain.sharding import plan_shards
from gristmill.domain.token import Token
from gristmill.errors import LimitReachedError
from support.stores import NOON, Mill, a_job

ADA = UserId("ada")


@pytest.fixture
def limited(mill: Mill) -> Mill:
    """A mill in which Ada's jobs may cost 1,000 together."""
    new = NewUser(id=ADA, email="ada@example.org", password="hash", limits=UserLimits(budget=NanoUsd(1_000)))
    link = Token(digest=Digest("link"), kind="verify", user=ADA, expires_at=NOON)
    mill(mill.store.add_user(new, link, AuditEntry(action="test.done")))
    return mill


def order(mill: Mill, name: str, budget: int, owner: UserId = ADA) -> Job:
    job = replace(a_job(budget=budget, job=JobId(name)), owner=owner)
    mill(mill.store.create_job(job, plan_shards(job.id, first_slot=0, records=10, first_number=0)))
    return job


def stop(mill: Mill, job: Job) -> None:
    mill(mill.store.stop_job(job.id, StopReason.PAUSED))
    mill(mill.store.finish_job(job.id))


def test_active_jobs_bind_their_caps_and_an_order_beyond_the_limit_leaves_nothing(limited: Mill) -> None:
    order(limited, "a", 600)
    before = limited.dump()
    with pytest.raises(LimitReachedError, match=r"may cost \$0\.000001, and \$0\.0000004 of it is left"):
        order(limited, "b", 401)
    assert limited.dump() == before
    order(limited, "b", 400)
    order(limited, "free", 0)
    assert order(limited, "a", 600).id == "a"


def test_an_ended_job_binds_what_it_was_granted_and_its_cap_again_when_it_is_resumed(limited: Mill) -> None:
    job = order(limited, "a", 1_000)
    lease = limited.acquire(job=job.id)
    limited.release(limited.renew(lease, block=100, spent=100), spent=100)
    stop(limited, job)
    with pytest.raises(LimitReachedError):
        order(limited, "b", 901)
    order(limited, "b", 900)
    before = limited.dump()
    with pytest.raises(LimitReachedError):
        limited(limited.store.resume_job(job.id))
    assert limited.dump() == before
    limited(limited.store.set_budget(job.id, NanoUsd(100)))
    assert limited(limited.store.resume_job(job.id)).is_active


def test_a_stopping_job_still_binds_its_cap(limited: Mill) -> None:
    job = order(limited, "a", 1_000)
    limited.acquire(job=job.id)
    limited(limited.store.stop_job(job.id, StopReason.CANCELLED))
    with pytest.raises(LimitReachedError):
        order(limited, "b", 1)


def test_a_top_up_is_held_to_the_limit_and_a_lower_cap_never_is(limited: Mill) -> None:
    job = order(limited, "a", 900)
    with pytest.raises(LimitReachedError):
        limited(limited.store.set_budget(job.id, NanoUsd(1_001)))
    assert limited(limited.store.set_budget(job.id, NanoUsd(1_000))).budget == 1_000
    limited(limited.store.set_budget(job.id, NanoUsd(500)))
    order(limited, "b", 500)


def test_of_orders_at_once_over_two_servers_only_what_fits_gets_in(limited: Mill) -> None:
    async def order_all() -> list[object]:
        other = limited.backend.open(limited.clock)
        jobs = [replace(a_job(budget=400, job=JobId(f"j{number}")), owner=ADA) for number in range(6)]
        verbs = (store.create_job(job, []) for store, job in zip((limited.store, other) * 3, jobs, strict=True))
        ends = await asyncio.gather(*verbs, return_exceptions=True)
        await other.close()
        return list(ends)

    ends = limited(order_all())
    assert sorted(isinstance(end, LimitReachedError) for end in ends) == [False] * 2 + [True] * 4
    assert limited.query("SELECT SUM(cap) FROM budgets") == [(800,)]


def test_who_has_no_limit_or_no_account_is_held_to_none(limited: Mill) -> None:
    order(limited, "a", 1_000)
    for name, owner in (("b", LOCAL), ("c", UserId("another"))):
        order(limited, name, 10**15, owner)
