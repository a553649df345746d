"""Admins see to others, leave a trace of it, and cannot lock everybody out."""

import pytest

from gristmill.accounts.admin import change_user, list_audit, list_users
from gristmill.accounts.authenticate import authenticate
from gristmill.accounts.keys import KeyRequest, make_key
from gristmill.accounts.login import log_in
from gristmill.domain.account import SOLE, UserChange, UserLimits
from gristmill.domain.audit import AuditFilter
from gristmill.domain.ids import UserId
from gristmill.domain.money import NanoUsd
from gristmill.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from support.people import ADA, EVE, HERE, PASSWORD, People


async def test_only_an_admin_sees_to_users(people: People) -> None:
    ada, eve = await people.enter(ADA), await people.enter(EVE)
    key = await make_key(ada, KeyRequest(name="ci", scopes=frozenset({"read", "write"})), HERE, people.ports)
    for principal in (eve, await authenticate(key.secret, people.ports)):
        for verb in (
            list_users(principal, people.ports),
            change_user(principal, ada.user, UserChange(role="user"), HERE, people.ports),
            list_audit(principal, people.ports, AuditFilter()),
        ):
            with pytest.raises(ForbiddenError):
                await verb
    assert [user.email for user in await list_users(ada, people.ports, text="EVE@")] == [EVE]


async def test_a_change_counts_from_the_next_request_and_is_told_in_the_log(people: People) -> None:
    ada, pair = await people.enter(ADA), await people.join(EVE)
    eve = (await people.who(pair)).user
    limits = UserLimits(budget=NanoUsd(2_500_000_000), running=3)
    changed = await change_user(ada, eve, UserChange(role="admin", limits=limits), HERE, people.ports)
    assert (changed.role, changed.limits) == ("admin", limits)
    assert (await people.who(pair)).is_admin
    (line,) = await list_audit(ada, people.ports, AuditFilter(action="user.changed"))
    assert (line.entry.user, line.entry.subject, line.entry.origin) == (ada.user, eve, HERE)
    assert line.entry.fields == {"role": "admin", "budget_usd": "2.50", "running_jobs": 3}
    await change_user(ada, eve, UserChange(role="admin"), HERE, people.ports)
    assert len(await list_audit(ada, people.ports, AuditFilter(action="user.changed"))) == 1


async def test_an_admin_who_is_one_no_more_has_a_key_that_is_none_either(people: People) -> None:
    ada, pair = await people.enter(ADA), await people.join(EVE)
    eve = await people.who(pair)
    await change_user(ada, eve.user, UserChange(role="admin"), HERE, people.ports)
    wanted = KeyRequest(name="ci", scopes=frozenset({"read", "admin"}))
    key = await make_key(await people.who(pair), wanted, HERE, people.ports)
    await change_user(ada, eve.user, UserChange(role="user"), HERE, people.ports)
    assert (await authenticate(key.secret, people.ports)).scopes == {"read"}


async def test_no_admin_locks_everybody_out(people: People) -> None:
    ada, eve = await people.enter(ADA), await people.enter(EVE)
    with pytest.raises(WrongStateError, match="last admin"):
        await change_user(ada, ada.user, UserChange(role="user"), HERE, people.ports)
    await change_user(ada, eve.user, UserChange(role="admin"), HERE, people.ports)
    with pytest.raises(WrongStateError, match="disable yourself"):
        await change_user(ada, ada.user, UserChange(is_disabled=True), HERE, people.ports)
    eve = await people.who(await log_in(EVE, PASSWORD, HERE, people.ports))
    await change_user(eve, ada.user, UserChange(is_disabled=True), HERE, people.ports)
    with pytest.raises(WrongStateError, match="last admin"):
        await change_user(eve, eve.user, UserChange(role="user"), HERE, people.ports)


async def test_nobody_is_not_found(people: People) -> None:
    with pytest.raises(NotFoundError):
        await change_user(SOLE, UserId("nobody"), UserChange(role="user"), HERE, people.ports)
    with pytest.raises(NotFoundError):
        await list_users(SOLE, people.ports, after=UserId("nobody"))
    with pytest.raises(BadInputError):
        await list_users(SOLE, people.ports, text="half \ud800 a character")
