"""Who gets in: every endpoint that asks who is there, with every credential that is none, and for things of others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from api.table import Endpoint, endpoints
from support.api import PREFIX, TEMPLATE, Api, join, log_in, open_api, problem
from support.api_accounts import BusyStore, accounts_with, clock_after, with_key
from support.people import PASSWORD

SECURED = [endpoint for endpoint in endpoints() if endpoint.is_secured]
# Users are nobody's but the admins'.
OWNED = [endpoint for endpoint in SECURED if endpoint.is_owned and not endpoint.path.startswith("/admin")]

# What only looks, whatever its method.
LOOKING = {"/auth/logout", "/templates/lint", "/seeds/{id}/check", "/jobs/estimate"}

UNKNOWN = "00000000deadbeef"

BODIES: Mapping[str, Any] = {
    "PUT /templates/{id}": {"source": TEMPLATE},
    "POST /jobs/{id}/top-up": {"budget_usd": "1"},
    "POST /jobs/{id}/extend": {"records": 9},
    "PUT /jobs/{id}/marks": {"slots": [0], "mark": "good"},
    "POST /jobs/{id}/exports": {"format": "jsonl"},
}
QUERIES: Mapping[str, Mapping[str, int]] = {"GET /templates/{id}/diff": {"from": 1, "to": 1}}


@dataclass(frozen=True, slots=True, eq=False)
class Town:
    """A server, two who use it, and what belongs to the first of them by where it is found."""

    client: TestClient
    admin: Api
    ann: Api
    bob: Api
    things: Mapping[str, str]
    bobs_template: str

    def asked(self, endpoint: Endpoint, who: Api, thing: str) -> Any:
        """The answer about a thing, to a request that is whole."""
        path = endpoint.path.format(id=thing, slot=0)
        body = {"template": self.bobs_template} if endpoint.path == "/seeds/{id}/check" else BODIES.get(str(endpoint))
        return who.ask(endpoint.method, path, json=body, params=QUERIES.get(str(endpoint)))

    def thing_of(self, endpoint: Endpoint) -> str:
        return next((self.things[part] for part in endpoint.path.split("/") if part in self.things), UNKNOWN)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch, open_api(folder, patch) as client:
        admin, ann, bob = (join(client, f"{name}@example.org") for name in ("admin", "ann", "bob"))
        template, seeds = ann.template(), ann.seeds()
        job = str(ann.made("/jobs", {"template": template, "seeds": seeds, "records": 4})["id"])
        things = {
            "keys": str(ann.made("/auth/keys", {"name": "ann's"})["id"]),
            "templates": template,
            "seeds": seeds,
            "jobs": job,
            "exports": str(ann.made(f"/jobs/{job}/exports", {"format": "jsonl"})["id"]),
            "uploads": UNKNOWN,
        }
        yield Town(client, admin, ann, bob, things, bob.template())


@cache
def closed(town: Town) -> Mapping[str, Api]:
    """Credentials that open nothing, by what is wrong with them."""
    client, token = town.client, town.ann.headers["Authorization"]
    left, revoked = log_in(client, "ann@example.org"), with_key(town.ann, "read")
    assert left.post("/auth/logout").status_code == 204
    newest = town.ann.get("/auth/keys").json()["items"][0]["id"]
    assert town.ann.ask("DELETE", f"/auth/keys/{newest}").status_code == 204
    forged = Api(client, {"Authorization": f"{token[:-1]}{'a' if token[-1] != 'a' else 'b'}"})
    return {"none": Api(client, {}), "forged": forged, "left": left, "revoked": revoked}


@pytest.mark.parametrize("endpoint", SECURED, ids=str)
def test_a_credential_that_is_none_opens_nothing(town: Town, endpoint: Endpoint) -> None:
    thing = town.thing_of(endpoint)
    for who in closed(town).values():
        refused(town.asked(endpoint, who, thing))
    with accounts_with(town.client, clock=clock_after(timedelta(minutes=15))):
        refused(town.asked(endpoint, town.ann, thing))


def refused(answer: Response) -> None:
    assert problem(answer, 401, "unauthenticated")["detail"].startswith("Log in")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_nothing_but_a_whole_credential_of_the_right_kind_counts(town: Town) -> None:
    token = town.ann.headers["Authorization"].removeprefix("Bearer ")
    tokens = Api(town.client, {}).made("/auth/login", {"email": "ann@example.org", "password": PASSWORD})
    odd = (
        "Bearer",
        "Bearer ",
        f"Basic {token}",
        token,
        f"Bearer {token} {token}",
        f"Bearer {token},",
        f"Bearer gmk_{token.removeprefix('gma_')}",
        f"Bearer {tokens['refresh_token']}",
        f"Bearer gma_{'x' * 60_000}",
        "Bearer ' OR 1=1 --",
    )
    for header in odd:
        refused(Api(town.client, {"Authorization": header}).get("/auth/me"))
    raw = {b"authorization": b"Bearer gma_\xe9\xff\x00"}
    refused(town.client.request("GET", f"{PREFIX}/auth/me", headers=raw))


def test_a_key_opens_nothing_once_it_has_expired(town: Town) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    key = with_key(town.ann, "read", expires_at=soon.isoformat())
    assert key.get("/auth/me").status_code == 200
    with accounts_with(town.client, clock=clock_after(timedelta(minutes=1))):
        refused(key.get("/auth/me"))


@pytest.mark.parametrize("endpoint", SECURED, ids=str)
def test_a_key_opens_no_more_than_its_scopes(town: Town, endpoint: Endpoint) -> None:
    looks = endpoint.method == "GET" or endpoint.path in LOOKING
    needed = "admin" if endpoint.path.startswith("/admin") else "read" if looks else "write"
    for scope, who in keys(town).items():
        answer = town.asked(endpoint, who, UNKNOWN)
        if scope == needed:
            assert answer.status_code != 403 or "scope" not in answer.json()["detail"]
        else:
            assert f"scope {needed!r}" in problem(answer, 403, "forbidden")["detail"]


@cache
def keys(town: Town) -> Mapping[str, Api]:
    return {scope: with_key(town.admin, scope) for scope in ("read", "write", "admin")}


@pytest.mark.parametrize("endpoint", [one for one in SECURED if one.path.startswith("/admin")], ids=str)
def test_only_an_admin_sees_to_users(town: Town, endpoint: Endpoint) -> None:
    problem(town.asked(endpoint, town.ann, UNKNOWN), 403, "forbidden")


@pytest.mark.parametrize("endpoint", OWNED, ids=str)
def test_what_belongs_to_another_is_not_found(town: Town, endpoint: Endpoint) -> None:
    thing = town.thing_of(endpoint)
    theirs = problem(town.asked(endpoint, town.bob, thing), 404, "not_found")
    nobodys = problem(town.asked(endpoint, town.bob, UNKNOWN), 404, "not_found")
    assert {
        **theirs,
        "detail": theirs["detail"].replace(thing, UNKNOWN),
        "request_id": nobodys["request_id"],
    } == nobodys


def test_what_others_tried_changed_nothing(town: Town) -> None:
    for kind in ("templates", "seeds", "jobs"):
        assert town.ann.get(f"/{kind}/{town.things[kind]}").status_code == 200
    assert town.ann.get(f"/exports/{town.things['exports']}/download").status_code in {200, 409}


@pytest.mark.parametrize("endpoint", SECURED, ids=str)
def test_a_store_that_is_busy_is_said_to_be(town: Town, endpoint: Endpoint) -> None:
    with accounts_with(town.client, store=BusyStore()):
        problem(town.asked(endpoint, town.ann, town.thing_of(endpoint)), 503, "store_busy")
