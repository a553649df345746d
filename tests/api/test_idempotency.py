"""A POST that is sent twice with one key is done once."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gristmill.domain.ids import UserId
from support.api import PREFIX, Api, join, problem
from support.milled import FREE, PRICED, Milled
from support.stores import SqliteFile

REPLAYED = "idempotent-replayed"


def keyed(who: Api, key: str, body: Any, path: str = "/jobs") -> Any:
    return who.post(path, body, headers={"Idempotency-Key": key})


def named(milled: Milled, name: str) -> list[str]:
    """The ids of Ann's jobs of this name."""
    return [job["id"] for job in milled.ann.get("/jobs?limit=200").json()["items"] if job["name"] == name]


def test_the_second_request_gets_the_answer_of_the_first(milled: Milled) -> None:
    order = milled.order(name="once")
    first, second = keyed(milled.ann, "k-1", order), keyed(milled.ann, "k-1", order)
    assert first.status_code == second.status_code == 201
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.content == first.content
    assert named(milled, "once") == [first.json()["id"]]


def test_a_key_stands_for_one_request_alone(milled: Milled) -> None:
    job = keyed(milled.ann, "k-2", milled.order(name="one")).json()["id"]
    problem(keyed(milled.ann, "k-2", milled.order(name="other")), 409, "idempotency_conflict")
    problem(keyed(milled.ann, "k-2", None, f"/jobs/{job}/pause"), 409, "idempotency_conflict")
    assert named(milled, "other") == []


def test_a_refused_request_frees_its_key(milled: Milled) -> None:
    problem(keyed(milled.ann, "k-3", milled.order(seeds=None)), 422, "invalid_seeds")
    problem(keyed(milled.ann, "k-3", {}), 422, "invalid_request")
    broken = {"Idempotency-Key": "k-3", "content-type": "application/json"}
    problem(milled.ann.ask("POST", "/jobs", content=b"\xff", headers=broken), 422, "invalid_request")
    assert keyed(milled.ann, "k-3", milled.order()).status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "é", "x" * 201])
def test_a_key_that_is_none_is_refused(milled: Milled, key: str) -> None:
    headers: Any = {b"idempotency-key": key.encode()}
    answer = milled.client.post(
        f"{PREFIX}/jobs",
        json=milled.order(),
        headers={**headers, **{k.encode(): v.encode() for k, v in milled.ann.headers.items()}},
    )
    problem(answer, 422, "invalid_request")


def test_two_at_once_make_one_job(milled: Milled) -> None:
    order = milled.order(name="both")
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: keyed(milled.ann, "k-4", order), range(4)))
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert made
    for answer in answers:
        assert answer.status_code == 201 or problem(answer, 409, "idempotency_conflict")
    assert named(milled, "both") == [made[0]]
    assert {*made} == {made[0]}


def test_a_key_of_another_user_is_another_key(milled: Milled) -> None:
    assert keyed(milled.ann, "k-5", milled.order()).status_code == 201
    cora = join(milled.client, "cora@example.org")
    order = {"template": cora.template(), "seeds": cora.seeds(), "models": {PRICED: FREE}, "records": 1}
    answer = keyed(cora, "k-5", order)
    assert (answer.status_code, REPLAYED in answer.headers) == (201, False)


def test_nobody_learns_from_a_key_without_a_credential(milled: Milled) -> None:
    keyed(milled.ann, "k-6", milled.order())
    problem(keyed(Api(milled.client, {}), "k-6", milled.order()), 401, "unauthenticated")


@pytest.mark.parametrize("was_made", [False, True])
def test_a_retry_after_a_server_died_makes_the_same_job(milled: Milled, was_made: bool) -> None:
    key, order = f"k-7-{was_made}", milled.order(name=f"died {was_made}")
    store = SqliteFile(milled.ann.service.settings.home_folder / "store.db")
    job = keyed(milled.ann, key, order).json()["id"] if was_made else None
    if was_made:
        # The job was made, and its server died before it could keep the answer.
        store.change(f"UPDATE requests SET status = NULL, answer = NULL WHERE key = '{key}'")
    else:
        claim(milled, key, order)
    problem(keyed(milled.ann, key, order), 409, "idempotency_conflict")
    minute = int(timedelta(minutes=1) / timedelta(microseconds=1))
    ((before, since),) = store.query(f"SELECT claimed_at, claimed_at - {minute} FROM requests WHERE key = '{key}'")
    if was_made:
        # Its id is of the time of the claim, so the clock is turned, not the claim.
        later = milled.ann.service.clock.now() + timedelta(minutes=1)
        milled.ann.service.store._now = lambda: later  # type: ignore[assignment]
    else:
        store.change(f"UPDATE requests SET claimed_at = {since} WHERE key = '{key}'")
    try:
        again = keyed(milled.ann, key, order)
    finally:
        milled.ann.service.store._now = None
    assert again.status_code == 201, again.text
    assert before
    assert named(milled, order["name"]) == [again.json()["id"]]
    assert job in {None, again.json()["id"]}


def claim(milled: Milled, key: str, order: Any) -> None:
    """Take the key as a server does that dies before it has done anything."""
    sent = milled.client.build_request("POST", f"{PREFIX}/jobs", json=order).read()
    digest = hashlib.sha256(f"POST {PREFIX}/jobs?\n".encode() + sent).hexdigest()
    owner, portal = UserId(milled.ann.get("/auth/me").json()["id"]), milled.client.portal
    assert portal is not None
    portal.call(milled.ann.service.store.claim_request, owner, key, digest)


def test_a_verb_with_a_key_is_done_once(milled: Milled) -> None:
    job = milled.ordered()
    paused = keyed(milled.ann, "k-8", None, f"/jobs/{job}/pause")
    assert milled.ann.post(f"/jobs/{job}/resume").json()["status"] == "queued"
    assert json.loads(keyed(milled.ann, "k-8", None, f"/jobs/{job}/pause").content) == paused.json()
    assert milled.ann.get(f"/jobs/{job}").json()["status"] == "queued"
