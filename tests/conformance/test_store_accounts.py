"""Every store keeps accounts the same way: each verb whole or not at all, races included."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from gristmill.domain.account import ApiKey, NewUser, User, UserChange, UserLimits
from gristmill.domain.audit import AuditEntry, AuditFilter, Origin
from gristmill.domain.completion import ModelName
from gristmill.domain.ids import Digest, UserId
from gristmill.domain.model import Limits
from gristmill.domain.money import NanoUsd
from gristmill.domain.throttle import Throttle
from gristmill.domain.token import Reused, Session, Token, TokenKind, TokenRows
from gristmill.domain.user_models import UserModel, UserModels
from gristmill.errors import LimitReachedError, NotFoundError, WrongStateError
from support.stores import INSTANT, NOON, Mill

DONE = AuditEntry(action="test.done", origin=Origin(address="192.0.2.1", request="r1"))
RULE = Throttle(free=2, first=10, most=25, forget=100)
NOBODY = UserId("nobody")


def a_token(kind: TokenKind, name: str, user: str = "u1", session: str | None = None, days: int = 1) -> Token:
    expires_at = NOON + timedelta(days=days)
    return Token(digest=Digest(name), kind=kind, user=UserId(user), session=session, expires_at=expires_at)


def a_pair(name: str, user: str = "u1", session: str | None = "s1", days: int = 1) -> TokenRows:
    access = a_token("access", f"{name}-access", user, session, days)
    return TokenRows(access=access, refresh=a_token("refresh", f"{name}-refresh", user, session, days))


def sign_up(mill: Mill, name: str = "u1", *, password: str = "hash") -> bool:
    new = NewUser(id=UserId(name), email=f"{name}@example.org", password=password)
    return mill(mill.store.add_user(new, a_token("verify", f"{name}-{password}-link", name), DONE)).is_new


def join(mill: Mill, name: str = "u1") -> User:
    sign_up(mill, name)
    user = mill(mill.store.verify_user(Digest(f"{name}-hash-link"), DONE))
    assert user is not None
    return user


def open_session(mill: Mill, name: str = "s1", user: str = "u1", days: int = 1) -> None:
    session = Session(id=name, user=UserId(user), expires_at=NOON + timedelta(days=days))
    mill(mill.store.open_session(session, a_pair(name, user, name, days), DONE))


def a_key(name: str = "k1", user: str = "u1") -> ApiKey:
    scopes = frozenset({"read", "write"})
    return ApiKey(id=name, user=UserId(user), name="ci", ending="abcd", scopes=scopes, created_at=NOON)  # type: ignore[arg-type]


def test_a_user_is_read_as_they_signed_up(mill: Mill) -> None:
    limits = UserLimits(budget=NanoUsd(2**62), running=3)
    new = NewUser(id=UserId("u1"), email="ünal@example.org", password="hash", limits=limits)
    admission = mill(mill.store.add_user(new, a_token("verify", "link"), DONE))
    assert admission.is_new
    assert admission.user == User(id=new.id, email=new.email, role="user", created_at=NOON, limits=limits)
    account = mill(mill.store.find_account(new.email))
    assert account is not None
    assert (account.user, account.password) == (mill(mill.store.read_user(new.id)), "hash")
    assert "hash" not in repr((account, new))
    assert mill(mill.store.find_account("nobody@example.org")) is None


def test_a_verified_address_is_not_taken_again_and_the_entry_stands_all_the_same(mill: Mill) -> None:
    join(mill)
    before, entries = mill.dump(besides="audit"), mill.query("SELECT * FROM audit")
    new = NewUser(id=UserId("u2"), email="u1@example.org", password="another")
    admission = mill(mill.store.add_user(new, a_token("verify", "another"), DONE))
    assert (admission.is_new, admission.user.id) == (False, "u1")
    assert mill.dump(besides="audit") == before
    assert len(mill.query("SELECT * FROM audit")) == len(entries) + 1


def test_an_unverified_address_goes_to_the_last_who_signs_up(mill: Mill) -> None:
    assert sign_up(mill)
    assert sign_up(mill, password="later")
    assert mill(mill.store.verify_user(Digest("u1-hash-link"), DONE)) is None
    user = mill(mill.store.verify_user(Digest("u1-later-link"), DONE))
    assert user is not None
    assert user.verified_at == NOON
    account = mill(mill.store.find_account(user.email))
    assert account is not None
    assert account.password == "later"


def test_of_all_who_verify_at_once_exactly_one_becomes_an_admin(mill: Mill) -> None:
    names = [f"u{number}" for number in range(5)]
    for name in names:
        sign_up(mill, name)
    assert not mill(mill.store.has_users())

    async def all_at_once() -> None:
        other = mill.backend.open(mill.clock)
        stores = (mill.store, other)
        await asyncio.gather(
            *(stores[n % 2].verify_user(Digest(f"{name}-hash-link"), DONE) for n, name in enumerate(names))
        )
        await other.close()

    mill(all_at_once())
    roles = [user.role for user in mill(mill.store.list_users())]
    assert sorted(roles) == ["admin", *["user"] * 4]
    assert mill(mill.store.has_users())


def test_a_link_is_used_up_once_even_at_once_and_ends_at_the_instant_it_expires(mill: Mill) -> None:
    sign_up(mill)

    async def twice() -> list[User | None]:
        return await asyncio.gather(*(mill.store.verify_user(Digest("u1-hash-link"), DONE) for _ in range(2)))

    assert sorted(user is None for user in mill(twice())) == [False, True]
    mill(mill.store.add_link(a_token("reset", "reset")))
    mill.clock.pass_by(timedelta(days=1))
    assert mill(mill.store.reset_password(Digest("reset"), "new", DONE)) is None
    mill.clock.pass_by(-INSTANT)
    assert mill(mill.store.reset_password(Digest("reset"), "new", DONE)) is not None


def test_a_link_for_one_purpose_serves_no_other(mill: Mill) -> None:
    sign_up(mill)
    mill(mill.store.add_link(a_token("reset", "reset")))
    before = mill.dump()
    assert mill(mill.store.verify_user(Digest("reset"), DONE)) is None
    assert mill(mill.store.reset_password(Digest("u1-hash-link"), "new", DONE)) is None
    assert mill(mill.store.rotate_session(Digest("reset"), a_pair("x"), DONE)) is None
    assert mill.dump() == before


def test_a_newer_link_is_the_only_one_and_a_link_for_nobody_leads_nowhere(mill: Mill) -> None:
    join(mill)
    for name in ("first", "second"):
        mill(mill.store.add_link(a_token("reset", name)))
    assert mill(mill.store.reset_password(Digest("first"), "new", DONE)) is None
    mill(mill.store.add_link(a_token("reset", "decoy", "decoy")))
    assert mill(mill.store.reset_password(Digest("decoy"), "new", DONE)) is None


def test_a_reset_verifies_sets_the_password_and_ends_every_session(mill: Mill) -> None:
    sign_up(mill)
    mill(mill.store.add_link(a_token("reset", "reset")))
    user = mill(mill.store.reset_password(Digest("reset"), "new", DONE))
    assert user is not None
    assert (user.role, user.verified_at) == ("admin", NOON)
    assert mill(mill.store.verify_user(Digest("u1-hash-link"), DONE)) is None
    open_session(mill)
    mill(mill.store.add_link(a_token("reset", "again")))
    mill(mill.store.reset_password(Digest("again"), "newer", DONE))
    grant = mill(mill.store.read_access(Digest("s1-access")))
    assert grant is not None
    assert grant.session.revoked_at == NOON


def test_a_changed_password_revokes_every_session_but_one_and_the_links_to_reset_it(mill: Mill) -> None:
    join(mill)
    for name in ("s1", "s2"):
        open_session(mill, name)
    mill(mill.store.add_link(a_token("reset", "reset")))
    mill(mill.store.change_password(UserId("u1"), "new", "s2", DONE))
    grants = [mill(mill.store.read_access(Digest(f"{name}-access"))) for name in ("s1", "s2")]
    assert [grant is not None and grant.principal(NOON) is not None for grant in grants] == [False, True]
    assert mill(mill.store.reset_password(Digest("reset"), "newer", DONE)) is None
    with pytest.raises(NotFoundError):
        mill(mill.store.change_password(NOBODY, "new", None, DONE))


def test_a_refresh_token_is_rotated_once_and_reuse_revokes_the_session(mill: Mill) -> None:
    join(mill)
    open_session(mill)
    session = mill(mill.store.rotate_session(Digest("s1-refresh"), a_pair("b", "", "", days=2), DONE))
    assert isinstance(session, Session)
    assert (session.id, session.expires_at) == ("s1", NOON + timedelta(days=2))
    grant = mill(mill.store.read_access(Digest("b-access")))
    assert grant is not None
    assert (grant.token.user, grant.session) == ("u1", session)
    reused = mill(mill.store.rotate_session(Digest("s1-refresh"), a_pair("c"), DONE))
    assert isinstance(reused, Reused)
    before = mill.dump()
    for old in ("s1-refresh", "b-refresh", "b-access", "c-refresh"):
        assert mill(mill.store.rotate_session(Digest(old), a_pair("d"), DONE)) is None
    assert mill.dump() == before


def test_two_rotations_at_once_by_two_servers_are_a_reuse(mill: Mill) -> None:
    join(mill)
    open_session(mill)

    async def both() -> list[Session | Reused | None]:
        other = mill.backend.open(mill.clock)
        ends = await asyncio.gather(
            mill.store.rotate_session(Digest("s1-refresh"), a_pair("b"), DONE),
            other.rotate_session(Digest("s1-refresh"), a_pair("c"), DONE),
        )
        await other.close()
        return list(ends)

    assert {type(end) for end in mill(both())} == {Session, Reused}


@pytest.mark.parametrize("bar", ["expired", "revoked", "disabled", "unverified"])
def test_nothing_is_rotated_for_who_may_not_enter(mill: Mill, bar: str) -> None:
    join(mill, "admin")
    if bar == "unverified":
        sign_up(mill)
    else:
        join(mill)
    open_session(mill)
    if bar == "expired":
        mill.clock.pass_by(timedelta(days=1))
    elif bar == "revoked":
        mill(mill.store.close_session("s1", DONE))
    elif bar == "disabled":
        mill(mill.store.change_user(UserId("u1"), UserChange(is_disabled=True), DONE))
    before = mill.dump()
    assert mill(mill.store.rotate_session(Digest("s1-refresh"), a_pair("b"), DONE)) is None
    assert mill.dump() == before


def test_a_session_is_closed_once(mill: Mill) -> None:
    join(mill)
    open_session(mill)
    mill(mill.store.close_session("s1", DONE))
    before = mill.dump()
    mill.clock.pass_by(timedelta(seconds=1))
    mill(mill.store.close_session("s1", DONE))
    mill(mill.store.close_session("nobody's", DONE))
    assert mill.dump() == before


def test_a_key_is_read_with_its_user_listed_and_revoked_once(mill: Mill) -> None:
    join(mill)
    for name in ("k1", "k2"):
        mill(mill.store.add_key(replace(a_key(name), expires_at=NOON + TTL_DAY), Digest(name), DONE))
    grant = mill(mill.store.read_key(Digest("k1")))
    assert grant is not None
    assert (grant.key, grant.user.id) == (replace(a_key(), expires_at=NOON + TTL_DAY), "u1")
    for at in (NOON + INSTANT, NOON):
        mill(mill.store.note_key_use("k1", at))
    mill(mill.store.revoke_key(UserId("u1"), "k1", DONE))
    before = mill.dump()
    mill(mill.store.revoke_key(UserId("u1"), "k1", DONE))
    with pytest.raises(NotFoundError):
        mill(mill.store.revoke_key(UserId("u2"), "k2", DONE))
    assert mill.dump() == before
    first, second = mill(mill.store.list_keys(UserId("u1")))
    assert (first.last_used_at, first.revoked_at, second.revoked_at) == (NOON + INSTANT, NOON, None)
    assert mill(mill.store.read_key(Digest("k3"))) is None


TTL_DAY = timedelta(days=1)


def test_there_are_only_so_many_live_keys(mill: Mill) -> None:
    join(mill)

    async def fill() -> None:
        for number in range(100):
            await mill.store.add_key(a_key(f"k{number}"), Digest(f"k{number}"), DONE)

    mill(fill())
    with pytest.raises(LimitReachedError, match="revoke one first"):
        mill(mill.store.add_key(a_key("more"), Digest("more"), DONE))
    mill(mill.store.revoke_key(UserId("u1"), "k0", DONE))
    mill(mill.store.add_key(a_key("more"), Digest("more"), DONE))


def test_tries_are_counted_once_for_all_servers_and_refused_ones_are_not(mill: Mill) -> None:
    async def at_once() -> list[float]:
        other = mill.backend.open(mill.clock)
        waits = await asyncio.gather(*(store.count_tries({"a": RULE}) for store in (mill.store, other) * 2))
        await other.close()
        return waits

    assert sorted(mill(at_once())) == [0, 0, 10, 10]
    mill.clock.pass_by(timedelta(seconds=10))
    assert [mill(mill.store.count_tries({"a": RULE})) for _ in range(2)] == [0, 20]
    mill.clock.pass_by(timedelta(seconds=20))
    assert [mill(mill.store.count_tries({"a": RULE})) for _ in range(2)] == [0, 25]
    mill.clock.pass_by(timedelta(seconds=100))
    assert [mill(mill.store.count_tries({"a": RULE})) for _ in range(3)] == [0, 0, 10]


def test_a_try_under_several_keys_counts_under_all_or_none(mill: Mill) -> None:
    for _ in range(2):
        assert mill(mill.store.count_tries({"a": RULE})) == 0
    assert mill(mill.store.count_tries({"a": RULE, "b": RULE})) == 10
    assert [mill(mill.store.count_tries({"b": RULE})) for _ in range(3)] == [0, 0, 10]
    mill(mill.store.forgive_tries(all_of="a", one_of="b"))
    assert mill(mill.store.count_tries({"a": RULE, "b": RULE})) == 0


def test_users_are_listed_by_time_page_by_page_and_by_what_their_address_holds(mill: Mill) -> None:
    for name in ("b", "a", "under_score", "c"):
        sign_up(mill, name)
    mill.clock.pass_by(INSTANT)
    sign_up(mill, "0")
    pages = [mill(mill.store.list_users(limit=2))]
    while len(pages[-1]) == 2:
        pages.append(mill(mill.store.list_users(limit=2, after=pages[-1][-1].id)))
    assert [user.id for page in pages for user in page] == ["a", "b", "c", "under_score", "0"]
    assert [user.id for user in mill(mill.store.list_users(text="r_s"))] == ["under_score"]
    assert mill(mill.store.list_users(text="%")) == []
    with pytest.raises(NotFoundError):
        mill(mill.store.list_users(after=NOBODY))


def test_two_admins_who_demote_each_other_at_once_leave_one(mill: Mill) -> None:
    for name in ("u1", "u2"):
        join(mill, name)
    mill(mill.store.change_user(UserId("u2"), UserChange(role="admin"), DONE))

    async def both() -> list[object]:
        other = mill.backend.open(mill.clock)
        ends = await asyncio.gather(
            mill.store.change_user(UserId("u1"), UserChange(role="user"), DONE),
            other.change_user(UserId("u2"), UserChange(is_disabled=True), DONE),
            return_exceptions=True,
        )
        await other.close()
        return list(ends)

    assert {type(end) for end in mill(both())} == {User, WrongStateError}


def test_a_change_that_changes_nothing_writes_nothing(mill: Mill) -> None:
    user = join(mill)
    before = mill.dump()
    same = UserChange(role="admin", limits=user.limits, is_disabled=False)
    assert mill(mill.store.change_user(user.id, same, DONE)) == user
    assert mill.dump() == before
    with pytest.raises(NotFoundError):
        mill(mill.store.change_user(NOBODY, same, DONE))


def test_of_a_deleted_user_nothing_is_left_but_what_their_jobs_cost_and_the_log(mill: Mill) -> None:
    join(mill, "admin")
    user = join(mill)
    open_session(mill)
    mill(mill.store.add_key(a_key(), Digest("k1"), DONE))
    mill(mill.store.delete_user(user.id, DONE))
    for table in ("sessions", "tokens", "api_keys"):
        assert mill.query(f"SELECT * FROM {table} WHERE \"user\" = 'u1'") == []
    assert mill.query("SELECT id FROM users") == [("admin",)]
    assert mill.query("SELECT * FROM audit WHERE \"user\" = 'u1'")
    with pytest.raises(NotFoundError):
        mill(mill.store.delete_user(user.id, DONE))
    with pytest.raises(WrongStateError, match="last admin"):
        mill(mill.store.delete_user(UserId("admin"), DONE))


def test_the_log_is_read_newest_first_by_page_and_by_what_is_asked(mill: Mill) -> None:
    for number in range(5):
        actor = UserId("u1") if number % 2 else None
        entry = replace(DONE, action=f"a{number}", user=actor, subject="s", fields={"n": number})
        mill(mill.store.add_entry(entry))
    first = mill(mill.store.list_entries(AuditFilter(), limit=2))
    rest = mill(mill.store.list_entries(AuditFilter(before=first[-1].sequence)))
    assert [line.entry.fields["n"] for line in (*first, *rest)] == [4, 3, 2, 1, 0]
    assert (first[0].at, first[0].entry.origin) == (NOON, DONE.origin)
    for which, count in (
        (AuditFilter(user=UserId("u1")), 2),
        (AuditFilter(action="a1"), 1),
        (AuditFilter(subject="x"), 0),
    ):
        assert len(mill(mill.store.list_entries(which))) == count


def test_what_a_user_says_of_models_is_given_back_exactly(mill: Mill) -> None:
    user = join(mill)
    name = ModelName("openai:mine")
    model = UserModel(
        base_url="https://x.example.org/v1",
        sealed_key="sealed",
        input_usd=Decimal("0.10"),
        output_usd=Decimal("1E-7"),
        limits=Limits(context=4096, tokens_per_minute=5),
    )
    models = UserModels(aliases={"cheap": name}, models={name: model, ModelName("openai:b"): UserModel(sealed_key="s")})
    assert mill(mill.store.read_models(user.id)) == UserModels()
    mill(mill.store.write_models(user.id, models, DONE))
    assert mill(mill.store.read_models(user.id)) == models
    assert mill(mill.store.read_models(NOBODY)) == UserModels()
    with pytest.raises(NotFoundError):
        mill(mill.store.write_models(NOBODY, models, DONE))


def test_tidying_drops_what_ended_a_day_ago(mill: Mill) -> None:
    join(mill)
    open_session(mill)
    open_session(mill, "s2", days=2)
    mill(mill.store.count_tries({"a": RULE}))
    mill.clock.pass_by(timedelta(days=2))
    mill(mill.store.tidy_accounts())
    assert len(mill.query("SELECT * FROM sessions")) == 2
    mill.clock.pass_by(INSTANT)
    mill(mill.store.tidy_accounts())
    assert mill.query("SELECT id FROM sessions") == [("s2",)]
    assert sorted(mill.query("SELECT digest FROM tokens")) == [("s2-access",), ("s2-refresh",)]
    assert mill.query("SELECT * FROM throttles") == []
