"""A user's own account: passwords forgotten and changed, keys, and leaving."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gristmill.accounts.authenticate import authenticate, require
from gristmill.accounts.keys import KeyRequest, list_keys, make_key, revoke_key
from gristmill.accounts.login import log_in, log_out, refresh
from gristmill.accounts.me import delete_account, read_me
from gristmill.accounts.passwords import change_password, forget_password, reset_password
from gristmill.domain.account import Principal, Scope
from gristmill.domain.audit import AuditFilter
from gristmill.domain.ids import JobId
from gristmill.domain.job import StopReason
from gristmill.errors import (
    BadInputError,
    ForbiddenError,
    NotFoundError,
    ThrottledError,
    UnauthenticatedError,
    WrongStateError,
)
from support.people import ADA, EVE, HERE, PASSWORD, People
from support.stores import a_job

NEW = "another good password"
READ: frozenset[Scope] = frozenset({"read"})


async def a_key(people: People, principal: Principal, wanted: KeyRequest) -> Principal:
    made = await make_key(principal, wanted, HERE, people.ports)
    return await authenticate(made.secret, people.ports)


async def test_a_mailed_link_sets_a_new_password_once_and_ends_every_session(people: People) -> None:
    pair = await people.join()
    await forget_password(ADA.upper(), HERE, people.ports)
    link = people.mails.token()
    with pytest.raises(BadInputError):
        await reset_password(link, "short", HERE, people.ports)
    await reset_password(link, NEW, HERE, people.ports)
    for verb in (people.who(pair), refresh(pair.refresh, HERE, people.ports)):
        with pytest.raises(UnauthenticatedError):
            await verb
    with pytest.raises(BadInputError, match="used up"):
        await reset_password(link, NEW, HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await log_in(ADA, PASSWORD, HERE, people.ports)
    await log_in(ADA, NEW, HERE, people.ports)


async def test_whoever_forgets_an_unknown_address_sees_no_difference_and_nobody_is_mailed(people: People) -> None:
    await people.join()
    people.mails.mails.clear()
    rows = [len(await people.store.list_entries(AuditFilter())), len(people.mails.mails)]
    await forget_password(EVE, HERE, people.ports)
    assert [len(await people.store.list_entries(AuditFilter())), len(people.mails.mails)] == rows
    for email in (ADA, EVE):
        for _ in range(3):
            people.clock.pass_by(timedelta(hours=1))
            await forget_password(email, HERE, people.ports)
    assert {mail.to for mail in people.mails.mails} == {ADA}


async def test_a_link_is_stale_after_an_hour_after_a_newer_one_and_after_a_change(people: People) -> None:
    principal = await people.enter()
    stale = []
    for _ in range(2):
        await forget_password(ADA, HERE, people.ports)
        stale.append(people.mails.token())
    await change_password(principal, PASSWORD, NEW, HERE, people.ports)
    people.clock.pass_by(timedelta(hours=1))
    await forget_password(ADA, HERE, people.ports)
    stale.append(people.mails.token())
    people.clock.pass_by(timedelta(hours=1))
    for link in stale:
        with pytest.raises(BadInputError):
            await reset_password(link, PASSWORD, HERE, people.ports)


async def test_who_is_locked_out_gets_in_by_the_mailbox(people: People) -> None:
    await people.join()
    for _ in range(5):
        with pytest.raises(UnauthenticatedError):
            await log_in(ADA, "wrong password", HERE, people.ports)
    with pytest.raises(ThrottledError):
        await log_in(ADA, PASSWORD, HERE, people.ports)
    await forget_password(ADA, HERE, people.ports)
    await reset_password(people.mails.token(), NEW, HERE, people.ports)
    await log_in(ADA, NEW, HERE, people.ports)


async def test_a_changed_password_ends_every_session_but_this_one(people: People) -> None:
    other, pair = await people.join(), await log_in(ADA, PASSWORD, HERE, people.ports)
    await change_password(await people.who(pair), PASSWORD, NEW, HERE, people.ports)
    await people.who(pair)
    with pytest.raises(UnauthenticatedError):
        await people.who(other)
    await log_in(ADA, NEW, HERE, people.ports)


async def test_guessing_the_present_password_is_counted_as_logins_are(people: People) -> None:
    principal = await people.enter()
    for _ in range(5):
        with pytest.raises(UnauthenticatedError):
            await change_password(principal, "wrong password", NEW, HERE, people.ports)
    with pytest.raises(ThrottledError):
        await delete_account(principal, PASSWORD, HERE, people.ports)


async def test_a_key_may_what_it_was_made_for_and_is_known_by_its_ending(people: People) -> None:
    principal = await people.enter()
    made = await make_key(principal, KeyRequest(name=" ci ", scopes=READ), HERE, people.ports)
    by_key = await authenticate(made.secret, people.ports)
    require(by_key, "read")
    for scope in ("write", "admin"):
        with pytest.raises(ForbiddenError, match=f"needs the scope {scope}"):
            require(by_key, scope)
    (listed,) = await list_keys(principal, people.ports)
    assert (listed.name, listed.ending, made.secret[:4]) == ("ci", made.secret[-4:], "gmk_")
    assert made.secret not in repr(made)


async def test_a_keys_last_use_is_noted_at_most_once_a_minute(people: People) -> None:
    principal = await people.enter()
    made = await make_key(principal, KeyRequest(name="ci", scopes=READ), HERE, people.ports)
    uses = []
    for seconds in (0, 59, 1):
        people.clock.pass_by(timedelta(seconds=seconds))
        await authenticate(made.secret, people.ports)
        uses.append((await list_keys(principal, people.ports))[0].last_used_at)
    assert uses[0] == uses[1]
    assert uses[2] == people.clock.now()


async def test_a_key_opens_nothing_once_it_is_revoked_or_expired(people: People) -> None:
    principal = await people.enter()
    until = people.clock.now() + timedelta(hours=1)
    wanted = KeyRequest(name="ci", scopes=READ)
    revoked = await make_key(principal, wanted, HERE, people.ports)
    expired = await make_key(principal, replace(wanted, expires_at=until), HERE, people.ports)
    await revoke_key(principal, revoked.key.id, HERE, people.ports)
    with pytest.raises(UnauthenticatedError):
        await authenticate(revoked.secret, people.ports)
    await authenticate(expired.secret, people.ports)
    people.clock.pass_by(timedelta(hours=1))
    with pytest.raises(UnauthenticatedError):
        await authenticate(expired.secret, people.ports)


async def test_a_key_cannot_make_itself_last_but_may_revoke_itself(people: People) -> None:
    wanted = KeyRequest(name="ci", scopes=frozenset({"read", "write", "admin"}))
    key = await a_key(people, await people.enter(), wanted)
    assert key.key is not None
    for verb in (
        make_key(key, wanted, HERE, people.ports),
        change_password(key, PASSWORD, NEW, HERE, people.ports),
        delete_account(key, PASSWORD, HERE, people.ports),
        log_out(key, HERE, people.ports),
        revoke_key(key, "another", HERE, people.ports),
    ):
        with pytest.raises(ForbiddenError):
            await verb
    await revoke_key(key, key.key, HERE, people.ports)


async def test_a_key_may_no_more_than_its_user(people: People) -> None:
    await people.join(ADA)
    eve = await people.enter(EVE)
    now = people.clock.now()
    admin: frozenset[Scope] = frozenset({"read", "admin"})
    for wanted, refusal in (
        (KeyRequest(name="x", scopes=admin), ForbiddenError),
        (KeyRequest(name="x", scopes=frozenset()), BadInputError),
        (KeyRequest(name="", scopes=READ), BadInputError),
        (KeyRequest(name="two\nlines", scopes=READ), BadInputError),
        (KeyRequest(name="x", scopes=READ, expires_at=now), BadInputError),
    ):
        with pytest.raises(refusal):
            await make_key(eve, wanted, HERE, people.ports)


async def test_another_users_key_is_not_found(people: People) -> None:
    ada, eve = await people.enter(ADA), await people.enter(EVE)
    made = await make_key(ada, KeyRequest(name="ci", scopes=READ), HERE, people.ports)
    with pytest.raises(NotFoundError):
        await revoke_key(eve, made.key.id, HERE, people.ports)
    assert await list_keys(eve, people.ports) == []
    await authenticate(made.secret, people.ports)


async def test_who_leaves_is_forgotten_once_every_job_has_ended(people: People) -> None:
    await people.join(ADA)
    pair = await people.join(EVE)
    eve = await people.who(pair)
    made = await make_key(eve, KeyRequest(name="ci", scopes=READ), HERE, people.ports)
    await people.store.create_job(replace(a_job(), owner=eve.user), [])
    with pytest.raises(UnauthenticatedError):
        await delete_account(eve, "wrong password", HERE, people.ports)
    with pytest.raises(WrongStateError, match="has not ended"):
        await delete_account(eve, PASSWORD, HERE, people.ports)
    await people.store.stop_job(JobId("job-1"), StopReason.CANCELLED)
    await people.store.finish_job(JobId("job-1"))
    await delete_account(eve, PASSWORD, HERE, people.ports)
    for credential in (pair.access, made.secret):
        with pytest.raises(UnauthenticatedError):
            await authenticate(credential, people.ports)
    with pytest.raises(NotFoundError):
        await read_me(eve, people.ports)
    assert await people.enter(EVE) != eve


async def test_the_last_admin_cannot_leave(people: People) -> None:
    ada = await people.enter(ADA)
    with pytest.raises(WrongStateError, match="last admin"):
        await delete_account(ada, PASSWORD, HERE, people.ports)
    assert (await read_me(ada, people.ports)).email == ADA
