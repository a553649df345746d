"""Logins tell nothing of who exists, cost the same either way, and end for thief and owner when a token is reused."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from statistics import median

import pytest

from gristmill.accounts.admin import change_user
from gristmill.accounts.authenticate import authenticate
from gristmill.accounts.login import log_in, log_in_browser, log_out, refresh
from gristmill.adapters.passwords import Argon2Cost, Argon2Passwords
from gristmill.domain.account import UserChange
from gristmill.domain.audit import AuditFilter, Origin
from gristmill.errors import ForbiddenError, ThrottledError, UnauthenticatedError
from support.people import ADA, EVE, HERE, PASSWORD, People


async def refusal_of(email: str, password: str, people: People) -> str:
    with pytest.raises(UnauthenticatedError) as refusal:
        await log_in(email, password, HERE, people.ports)
    return str(refusal.value)


async def test_an_access_token_says_who_asks_until_it_expires(people: People) -> None:
    pair = await people.join()
    principal = await people.who(pair)
    assert principal.session is not None
    assert principal.key is None
    assert pair.expires_in == 900
    assert (pair.access[:4], pair.refresh[:4]) == ("gma_", "gmr_")
    people.clock.pass_by(timedelta(minutes=15) - timedelta(microseconds=1))
    assert await people.who(pair) == principal
    people.clock.pass_by(timedelta(microseconds=1))
    with pytest.raises(UnauthenticatedError):
        await people.who(pair)


@pytest.mark.parametrize(
    "forged", ["", "gma_", "gma_" + "A" * 43, "gmk_" + "A" * 43, "x" * 100_000, "\ud800", "' OR 1=1"]
)
async def test_a_forged_credential_is_nobodys(people: People, forged: str) -> None:
    await people.join()
    with pytest.raises(UnauthenticatedError):
        await authenticate(forged, people.ports)


async def test_an_unknown_address_and_a_wrong_password_are_refused_alike_for_the_same_work(people: People) -> None:
    await people.join()
    told, work = set[str](), list[Counter[str]]()
    for email in (ADA, EVE):
        people.passwords.work.clear()
        told.add(await refusal_of(email, "wrong password", people))
        work.append(Counter(people.passwords.work))
    assert len(told) == 1
    assert work == [Counter(verify=1)] * 2


async def test_the_time_of_a_hash_does_not_tell_whether_there_is_an_account() -> None:
    passwords = Argon2Passwords(Argon2Cost(passes=1, memory_kib=16_384, lanes=1))
    known = await passwords.hash(PASSWORD)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(7):
        for is_known, seconds in spent.items():
            started = time.perf_counter()
            assert not await passwords.verify("wrong password", known if is_known else None)
            seconds.append(time.perf_counter() - started)
    passwords.close()
    # Generous, for a busy machine: without the dummy hash the ratio is in the hundreds.
    assert 1 / 5 < median(spent[True]) / median(spent[False]) < 5


async def test_logins_to_one_address_wait_longer_and_longer_whether_or_not_it_is_known(people: People) -> None:
    await people.join(ADA)
    waits = dict[str, list[float]]()
    for email in (ADA, EVE):
        for number in range(5):
            with pytest.raises(UnauthenticatedError):
                await log_in(email, "wrong password", Origin(address=f"198.51.100.{number}"), people.ports)
        waits[email] = [await wait_for_login(email, people) for _ in range(7)]
    assert waits[ADA] == waits[EVE] == [30, 60, 120, 240, 480, 900, 900]


async def wait_for_login(email: str, people: People) -> float:
    with pytest.raises(ThrottledError) as refusal:
        await log_in(email, PASSWORD, HERE, people.ports)
    people.clock.pass_by(timedelta(seconds=refusal.value.retry_after))
    with pytest.raises(UnauthenticatedError):
        await log_in(email, "wrong password", HERE, people.ports)
    return refusal.value.retry_after


async def test_who_knocks_while_locked_out_is_not_locked_out_longer(people: People) -> None:
    await people.join()
    for _ in range(5):
        await refusal_of(ADA, "wrong password", people)
    for _ in range(10):
        with pytest.raises(ThrottledError):
            await log_in(ADA, PASSWORD, HERE, people.ports)
    people.clock.pass_by(timedelta(seconds=30))
    await log_in(ADA, PASSWORD, HERE, people.ports)


async def test_a_login_that_succeeds_starts_the_count_anew(people: People) -> None:
    await people.join()
    for _ in range(3):
        for _ in range(4):
            await refusal_of(ADA, "wrong password", people)
        await log_in(ADA, PASSWORD, HERE, people.ports)


async def test_guesses_sent_at_once_do_not_pass_the_count(people: People) -> None:
    await people.join()
    guesses = (log_in(ADA, f"wrong password {n}", HERE, people.ports) for n in range(20))
    ends = await asyncio.gather(*guesses, return_exceptions=True)
    assert Counter(map(type, ends)) == {UnauthenticatedError: 5, ThrottledError: 15}


async def test_one_sender_cannot_try_a_password_on_everybody(people: People) -> None:
    for number in range(30):
        await refusal_of(f"user{number}@example.org", "Password123", people)
    with pytest.raises(ThrottledError):
        await log_in(ADA, PASSWORD, HERE, people.ports)
    assert people.passwords.work["verify"] == 30


async def test_no_address_stands_in_the_counts_or_in_the_log(people: People) -> None:
    await people.join()
    await refusal_of(ADA, "wrong password", people)
    await refusal_of(EVE, "wrong password", people)
    lines = await people.store.list_entries(AuditFilter())
    assert "@" not in repr(lines)
    assert [line.entry.subject == "" for line in lines if line.entry.action == "login.refused"] == [True, False]


async def test_a_refresh_token_is_good_once_for_a_new_pair_of_the_same_session(people: People) -> None:
    first = await people.join()
    before = await people.who(first)
    people.clock.pass_by(timedelta(days=29))
    second = await refresh(first.refresh, HERE, people.ports)
    assert await people.who(second) == before
    people.clock.pass_by(timedelta(days=29))
    third = await refresh(second.refresh, HERE, people.ports)
    people.clock.pass_by(timedelta(days=30))
    with pytest.raises(UnauthenticatedError):
        await refresh(third.refresh, HERE, people.ports)


async def test_a_refresh_token_that_comes_again_ends_the_session_for_both(people: People) -> None:
    first = await people.join()
    second = await refresh(first.refresh, HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await refresh(first.refresh, HERE, people.ports)
    for verb in (people.who(second), refresh(second.refresh, HERE, people.ports)):
        with pytest.raises(UnauthenticatedError):
            await verb
    (line,) = await people.store.list_entries(AuditFilter(action="session.reused"))
    assert line.entry.user is not None


async def test_of_two_refreshes_at_once_at_most_one_gets_a_pair_and_none_keeps_it(people: People) -> None:
    pair = await people.join()
    both = (refresh(pair.refresh, HERE, people.ports) for _ in range(2))
    ends = await asyncio.gather(*both, return_exceptions=True)
    assert Counter(isinstance(end, UnauthenticatedError) for end in ends) == {True: 1, False: 1}
    with pytest.raises(UnauthenticatedError):
        await people.who(pair)


async def test_a_session_that_was_logged_out_is_over_at_once_and_others_go_on(people: People) -> None:
    first = await people.join()
    other = await log_in(ADA, PASSWORD, HERE, people.ports)
    await log_out(await people.who(first), HERE, people.ports)
    for verb in (people.who(first), refresh(first.refresh, HERE, people.ports)):
        with pytest.raises(UnauthenticatedError):
            await verb
    await people.who(other)


async def test_a_disabled_user_is_out_at_once_and_only_who_has_the_password_learns_why(people: People) -> None:
    admin = await people.enter(ADA)
    pair = await people.join(EVE)
    eve = (await people.who(pair)).user
    await change_user(admin, eve, UserChange(is_disabled=True), HERE, people.ports)
    for verb in (people.who(pair), refresh(pair.refresh, HERE, people.ports)):
        with pytest.raises(UnauthenticatedError):
            await verb
    assert "wrong" in await refusal_of(EVE, "wrong password", people)
    with pytest.raises(ForbiddenError, match="disabled"):
        await log_in(EVE, PASSWORD, HERE, people.ports)
    await change_user(admin, eve, UserChange(is_disabled=False), HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await people.who(pair)
    await log_in(EVE, PASSWORD, HERE, people.ports)


async def test_a_browsers_session_lives_thirty_days_whatever_its_tabs_ask(people: People) -> None:
    await people.join()
    secret = await log_in_browser(ADA, PASSWORD, HERE, people.ports)
    assert secret[:4] == "gmc_"
    asked = [await authenticate(secret, people.ports) for _ in range(3)]
    assert len(set(asked)) == 1
    people.clock.pass_by(timedelta(days=30) - timedelta(microseconds=1))
    assert await authenticate(secret, people.ports) == asked[0]
    people.clock.pass_by(timedelta(microseconds=1))
    with pytest.raises(UnauthenticatedError):
        await authenticate(secret, people.ports)


async def test_a_browsers_session_ends_by_logging_out_and_is_no_refresh_token(people: People) -> None:
    await people.join()
    secret = await log_in_browser(ADA, PASSWORD, HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await refresh(secret, HERE, people.ports)
    await log_out(await authenticate(secret, people.ports), HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await authenticate(secret, people.ports)


async def test_a_browser_is_refused_as_everybody_is(people: People) -> None:
    await people.join()
    with pytest.raises(UnauthenticatedError):
        await log_in_browser(ADA, "wrong password", HERE, people.ports)
