"""Signing up tells nothing about others, and only who reads the mailbox gets in."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from gristmill.accounts.authenticate import authenticate
from gristmill.accounts.login import log_in
from gristmill.accounts.me import read_me
from gristmill.accounts.signup import sign_up, verify
from gristmill.domain.account import Principal, UserLimits
from gristmill.domain.audit import Origin
from gristmill.domain.money import NanoUsd
from gristmill.errors import BadInputError, ForbiddenError, ThrottledError, UnauthenticatedError
from support.people import ADA, EVE, HERE, PASSWORD, People


async def test_the_first_to_verify_is_an_admin_and_the_next_is_not(people: People) -> None:
    await sign_up(EVE, PASSWORD, HERE, people.ports)
    assert (await people.enter(ADA)).role == "admin"
    late = await log_in_after_link(people, EVE)
    assert late.role == "user"
    assert late.scopes == {"read", "write"}


async def log_in_after_link(people: People, email: str) -> Principal:
    with pytest.raises(ForbiddenError, match="Confirm your e-mail address"):
        await log_in(email, PASSWORD, HERE, people.ports)
    assert people.mails.mails[-1].to == email
    await verify(people.mails.token(), HERE, people.ports)
    return await people.who(await log_in(email, PASSWORD, HERE, people.ports))


async def test_an_address_is_compared_without_regard_to_case_and_spelling(people: People) -> None:
    await people.join("  Ada.Ünal@Example.org ")
    await log_in("ada.u\u0308nal@example.ORG", PASSWORD, HERE, people.ports)


async def test_a_known_address_gets_the_same_answer_for_the_same_work_and_is_told_by_mail(people: People) -> None:
    await people.join()
    work = []
    for email in (ADA, EVE):
        people.passwords.work.clear()
        people.mails.mails.clear()
        assert await sign_up(email, "another good password", HERE, people.ports) is None  # type: ignore[func-returns-value]
        work.append((Counter(people.passwords.work), [mail.to for mail in people.mails.mails] == [email]))
    assert work == [(Counter(hash=1), True)] * 2
    await sign_up(ADA, "another good password", HERE, people.ports)
    assert "has an account already" in people.mails.mails[-1].text
    assert "token" not in people.mails.mails[-1].text
    with pytest.raises(UnauthenticatedError):
        await log_in(ADA, "another good password", HERE, people.ports)


async def test_of_two_sign_ups_with_one_address_the_later_counts_and_only_its_link(people: People) -> None:
    await sign_up(ADA, "the password of a thief", HERE, people.ports)
    stale = people.mails.token()
    await sign_up(ADA, PASSWORD, HERE, people.ports)
    with pytest.raises(BadInputError, match="used up, has expired"):
        await verify(stale, HERE, people.ports)
    await verify(people.mails.token(), HERE, people.ports)
    await log_in(ADA, PASSWORD, HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await log_in(ADA, "the password of a thief", HERE, people.ports)


async def test_a_link_works_once_and_not_after_its_time(people: People) -> None:
    await people.join()
    with pytest.raises(BadInputError):
        await verify(people.mails.token(), HERE, people.ports)
    await sign_up(EVE, PASSWORD, HERE, people.ports)
    people.clock.pass_by(timedelta(days=2))
    with pytest.raises(BadInputError):
        await verify(people.mails.token(), HERE, people.ports)


async def test_a_link_is_good_for_its_purpose_only(people: People) -> None:
    pair = await people.join()
    for credential in (pair.access, pair.refresh):
        with pytest.raises(BadInputError):
            await verify(credential, HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await authenticate(pair.refresh, people.ports)


@pytest.mark.parametrize(
    "email",
    ["", "ada", "@example.org", "ada@", "a b@example.org", "a@b@c", "a@x..y", "a@x.org\nBcc: e@x.org", "<a@x.y>"],
)
async def test_what_is_no_address_is_refused_before_anything_is_kept(people: People, email: str) -> None:
    with pytest.raises(BadInputError, match="not an e-mail address"):
        await sign_up(email, PASSWORD, HERE, people.ports)
    assert people.mails.mails == []


@pytest.mark.parametrize("password", ["short", "x" * 1025, "Ada@Example.org", "half \ud800 a character"])
async def test_a_password_that_may_not_be_chosen_is_refused(people: People, password: str) -> None:
    with pytest.raises(BadInputError):
        await sign_up(ADA, password, HERE, people.ports)


async def test_mail_to_one_address_is_throttled_whether_or_not_it_is_known(people: People) -> None:
    await people.join(ADA)
    for email in (ADA, EVE):
        people.clock.pass_by(timedelta(days=1))
        for number in range(3):
            await sign_up(email, PASSWORD, Origin(address=f"198.51.100.{number}"), people.ports)
        with pytest.raises(ThrottledError) as refusal:
            await sign_up(email, PASSWORD, HERE, people.ports)
        assert refusal.value.retry_after == 60


async def test_one_sender_cannot_sign_up_the_whole_world(people: People) -> None:
    for number in range(20):
        await sign_up(f"user{number}@example.org", PASSWORD, a_neighbour(number), people.ports)
    with pytest.raises(ThrottledError):
        await sign_up(ADA, PASSWORD, a_neighbour(20), people.ports)
    assert len(people.mails.mails) == 20


def a_neighbour(number: int) -> Origin:
    return Origin(address=f"2001:db8:1:2::{number:x}")


async def test_where_sign_up_is_closed_only_the_first_comes_in(people: People) -> None:
    closed = people.ruled(lambda rules: replace(rules, is_signup_open=False))
    await sign_up(ADA, PASSWORD, HERE, closed)
    await verify(people.mails.token(), HERE, closed)
    with pytest.raises(ForbiddenError, match="Nobody may sign up"):
        await sign_up(EVE, PASSWORD, HERE, closed)


async def test_where_no_accounts_are_everybody_is_the_one_person_there_is(people: People) -> None:
    alone = people.ruled(lambda rules: replace(rules, auth="none"))
    principal = await authenticate("whatever", alone)
    assert (principal.user, principal.is_admin) == ("local", True)
    assert (await read_me(principal, alone)).id == "local"
    with pytest.raises(ForbiddenError):
        await sign_up(ADA, PASSWORD, HERE, alone)


async def test_a_new_user_has_the_limits_that_the_owner_set(people: People) -> None:
    limits = UserLimits(budget=NanoUsd(5), running=2)
    limited = people.ruled(lambda rules: replace(rules, limits=limits))
    await sign_up(ADA, PASSWORD, HERE, limited)
    assert (await verify(people.mails.token(), HERE, limited)).limits == limits


async def test_a_link_leads_to_where_the_server_is_reached(people: People) -> None:
    await sign_up(ADA, PASSWORD, HERE, people.ports)
    assert f"http://127.0.0.1:8000/verify?token={people.mails.token()}" in people.mails.mails[0].text
    assert people.mails.token().startswith("gmv_")
