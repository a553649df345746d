"""Templates over HTTP: kept in versions, compared, forked, published, checked and tried."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from gristmill.jobs.cursors import write_cursor
from support.api import TEMPLATE, Api, join, open_api, problem
from support.api_renderer import lint_here
from support.api_worker import working

FRAGMENT = "name: style\nfragment: Be brief.\n"
TAKING = """\
name: taking
steps:
  - id: say
    model: "scripted:demo"
    prompt: "{% include 'style' %} Write about {{ city.name }}."
"""
# What YAML, HTTP and stores each like to change: line ends, letters, blanks at the ends of lines.
ODD = "# é ü 漢 \U0001f33e\r\nname: odd  \r\nsteps:\r\n  - {id: q, prompt: hello}\t\r\n\r\n"

NAMES = count(1)


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("server"), patch) as client:
        lint_here(client)
        join(client, "admin@example.org")
        yield join(client, "ann@example.org")


@pytest.fixture(scope="module")
def bob(ann: Api) -> Api:
    return join(ann.client, "bob@example.org")


@pytest.fixture(scope="module")
def seeds(ann: Api) -> str:
    return ann.seeds()


def named(name: str, prompt: str = "hello") -> str:
    return f"name: {name}\nsteps:\n  - {{id: q, prompt: {prompt}}}\n"


def fresh(who: Api, prompt: str = "hello") -> str:
    """The id of a template of a name that is nobody's yet."""
    return who.template(named(f"fresh-{next(NAMES)}", prompt))


def names_of(who: Api, path: str = "/templates", **query: Any) -> list[str]:
    return [item["name"] for item in who.get(path, params=query).json()["items"]]


def test_a_template_is_kept_shown_and_listed(ann: Api) -> None:
    made = ann.post("/templates", {"source": TEMPLATE})
    assert made.status_code == 201
    kept = made.json()
    assert (kept["name"], kept["version"], kept["is_yours"], kept["source"]) == ("capitals", 1, True, TEMPLATE)
    assert ann.get(f"/templates/{kept['id']}").json() == kept
    assert "capitals" in names_of(ann, q="questions ABOUT")


def test_a_name_is_taken_once_and_a_template_keeps_its_own(ann: Api) -> None:
    template = ann.template(named("taken"))
    assert "'taken'" in problem(ann.post("/templates", {"source": named("taken")}), 409, "in_use")["detail"]
    renamed = ann.ask("PUT", f"/templates/{template}", json={"source": named("renamed")})
    assert "keep its name" in problem(renamed, 409, "wrong_state")["detail"]


def test_a_template_that_does_not_compile_is_refused_with_every_place(ann: Api) -> None:
    source = "name: broken\nsteps:\n  - id: q\n    promt: hello\n  - id: r\n    prompt: '{{ steps.x.output }}'\n"
    template = fresh(ann)
    for answer in (
        ann.post("/templates", {"source": source}),
        ann.ask("PUT", f"/templates/{template}", json={"source": source}),
        ann.post("/templates/preview", {"source": source}),
    ):
        errors = problem(answer, 422, "invalid_template")["errors"]
        misspelt = next(error for error in errors if error["line"] == 4)
        assert (misspelt["column"], misspelt["severity"]) == (5, "error")
        assert "prompt" in misspelt["suggestion"]
        assert any(error["line"] == 6 for error in errors)
    assert "broken" not in names_of(ann)


def test_the_newest_source_again_makes_no_version(ann: Api) -> None:
    template = ann.template(named("versions"))
    for source, version in ((named("versions"), 1), (named("versions", "two"), 2), (named("versions"), 3)):
        saved = ann.ask("PUT", f"/templates/{template}", json={"source": source})
        assert (saved.status_code, saved.json()["version"], saved.json()["source"]) == (200, version, source)
    assert ann.get(f"/templates/{template}", params={"version": 2}).json()["source"] == named("versions", "two")
    first = ann.get(f"/templates/{template}/versions", params={"limit": 2}).json()
    rest = ann.get(f"/templates/{template}/versions", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["version"] for item in first["items"] + rest["items"]] == [3, 2, 1]
    assert rest["next_cursor"] is None
    for path in ("", "/source"):
        missing = ann.get(f"/templates/{template}{path}", params={"version": 4})
        assert "versions@4" in problem(missing, 404, "not_found")["detail"]


def test_what_differs_between_versions_is_shown(ann: Api) -> None:
    template = ann.template(named("differs"))
    ann.ask("PUT", f"/templates/{template}", json={"source": named("differs", "goodbye")})
    diff = ann.get(f"/templates/{template}/diff", params={"from": 1, "to": 2}).json()
    assert diff["unified"].startswith("--- differs@1\n+++ differs@2\n@@ -1,3 +1,3 @@\n name: differs\n")
    (hunk,) = diff["hunks"]
    assert [(line["kind"], line["old"], line["new"]) for line in hunk[2:]] == [("removed", 3, None), ("added", None, 3)]
    assert ann.get(f"/templates/{template}/diff", params={"from": 2, "to": 2}).json()["hunks"] == []
    problem(ann.get(f"/templates/{template}/diff", params={"from": 1, "to": 3}), 404, "not_found")
    for query in ({}, {"from": 0, "to": 1}, {"from": 1, "to": 2**63}, {"from": "x", "to": 1}):
        problem(ann.get(f"/templates/{template}/diff", params=query), 422, "invalid_request")


def test_a_source_comes_back_byte_for_byte(ann: Api) -> None:
    template = ann.template(ODD)
    answer = ann.get(f"/templates/{template}/source")
    assert answer.content == ODD.encode()
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.headers["content-disposition"] == 'attachment; filename="odd.yaml"'
    assert ann.get(f"/templates/{template}").json()["source"] == ODD


def test_a_template_is_archived_and_taken_out_again(ann: Api) -> None:
    template = ann.template(named("put-away"))
    assert ann.made(f"/templates/{template}/archive")["archived_at"] is not None
    assert "put-away" not in names_of(ann)
    assert "put-away" in names_of(ann, archived=True)
    assert ann.ask("DELETE", f"/templates/{template}/archive").json()["archived_at"] is None
    assert "put-away" in names_of(ann)


def test_a_template_is_deleted_unless_a_job_was_made_from_it(ann: Api) -> None:
    unused, used = fresh(ann), ann.template(named("in-use"))
    ann.made("/jobs", {"template": used, "records": 1, "models": {"cheap": "scripted:demo"}})
    assert "Archive it" in problem(ann.ask("DELETE", f"/templates/{used}"), 409, "in_use")["detail"]
    assert ann.ask("DELETE", f"/templates/{unused}").status_code == 204
    problem(ann.get(f"/templates/{unused}"), 404, "not_found")


def test_what_is_published_everybody_reads_forks_and_takes_from_until_it_is_not(ann: Api, bob: Api) -> None:
    style, taking = ann.template(FRAGMENT), ann.template(TAKING)
    assert "style" in problem(ann.post(f"/templates/{taking}/publish"), 409, "wrong_state")["detail"]
    assert ann.made(f"/templates/{style}/publish")["published_at"] is not None
    ann.made(f"/templates/{taking}/publish")
    assert names_of(bob, "/templates/public", q="tak") == ["taking"]
    assert names_of(bob) == []
    seen = bob.get(f"/templates/{taking}").json()
    assert (seen["is_yours"], seen["source"]) == (False, TAKING)
    assert bob.get(f"/templates/{taking}/source").text == TAKING
    for method, path in (
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/archive"),
        ("POST", "/publish"),
        ("DELETE", "/publish"),
    ):
        body = {"source": TAKING} if method == "PUT" else None
        problem(bob.ask(method, f"/templates/{taking}{path}", json=body), 404, "not_found")
    forked = bob.post(f"/templates/{taking}/fork", {"version": 1})
    assert (forked.status_code, forked.json()["forked_from"]) == (201, {"template": taking, "version": 1})
    assert forked.json()["is_yours"]
    own = bob.made(f"/templates/{taking}/fork")
    assert own["name"] == "taking-2"
    takes = bob.get(f"/templates/{own['id']}/versions").json()["items"][0]["takes"]
    assert takes == {"style": {"template": style, "version": 1}}
    assert ann.ask("DELETE", f"/templates/{style}/publish").json()["published_at"] is None
    refused = bob.post("/templates", {"source": TAKING.replace("taking", "late")})
    assert "style" in str(problem(refused, 422, "invalid_template"))
    lost = bob.post(f"/templates/{taking}/fork")
    assert "style" in problem(lost, 422, "invalid_template")["detail"]


def test_a_version_that_is_not_there_is_not_forked(ann: Api) -> None:
    template = fresh(ann)
    problem(ann.post(f"/templates/{template}/fork", {"version": 2}), 404, "not_found")
    bodies: tuple[Any, ...] = ({"version": 0}, {"version": 2**63}, {"odd": 1}, [])
    for body in bodies:
        problem(ann.post(f"/templates/{template}/fork", body), 422, "invalid_request")


def test_lint_says_what_is_wrong_or_doubtful_and_keeps_nothing(ann: Api, seeds: str) -> None:
    before = names_of(ann)
    assert ann.made("/templates/lint", {"source": TEMPLATE, "seeds": seeds})["findings"][0]["code"] == "no_checks"
    wrong = ann.made("/templates/lint", {"source": "name: x\nstep: []\n"})["findings"]
    assert {"error"} <= {finding["severity"] for finding in wrong}
    assert all(finding["line"] >= 1 and finding["message"].endswith(".") for finding in wrong)
    lacking = ann.made("/templates/lint", {"source": TEMPLATE.replace("city.name", "city.mayor"), "seeds": seeds})
    missing = next(finding for finding in lacking["findings"] if finding["severity"] == "error")
    assert "row 1" in missing["message"]
    assert names_of(ann) == before


def test_lint_refuses_seeds_that_are_not_there_or_not_drawn_from(ann: Api, seeds: str) -> None:
    problem(ann.post("/templates/lint", {"source": TEMPLATE, "seeds": "nothing"}), 404, "not_found")
    stray = ann.post("/templates/lint", {"source": TEMPLATE, "seeds": {"towns": seeds}})
    assert "'towns'" in problem(stray, 422, "invalid_seeds")["detail"]
    for body in ({}, {"source": None}, {"source": TEMPLATE, "seeds": 1}, {"source": "x" * 300_001}):
        problem(ann.post("/templates/lint", body), 422, "invalid_request")


def test_a_preview_without_calls_shows_prompts(ann: Api, seeds: str) -> None:
    shown = ann.made("/templates/preview", {"source": TEMPLATE, "seeds": seeds, "n": 2, "random_seed": 7})
    assert shown["job"] is None
    assert [item["slot"] for item in shown["items"]] == [0, 1]
    first = shown["items"][0]
    assert first["seed"] == {"city": {"name": "Lima"}}
    assert first["steps"][0]["prompt"] == f"A {first['values']['tone']} question about Lima."
    again = ann.made("/templates/preview", {"source": TEMPLATE, "seeds": seeds, "n": 2, "random_seed": 7})
    assert again == shown


def test_a_preview_with_calls_is_a_job_that_lists_do_not_show(ann: Api, seeds: str) -> None:
    with working(ann):
        made = ann.made("/templates/preview", {"source": TEMPLATE, "seeds": seeds, "n": 1, "call": True})
    assert (made["job"]["kind"], made["job"]["status"]) == ("preview", "completed")
    (item,) = made["items"]
    assert (item["outcome"], item["record"]["city"]) == ("accepted", "Lima")
    assert item["steps"][0]["reply"]
    assert made["job"]["id"] not in [job["id"] for job in ann.get("/jobs").json()["items"]]
    assert ann.get(f"/jobs/{made['job']['id']}").json() == made["job"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"seeds": None}, 422, "invalid_seeds"),
        ({"seeds": "nothing"}, 404, "not_found"),
        ({"models": {"premium": "scripted:demo"}}, 422, "unknown_model"),
        ({"n": 0}, 422, "invalid_request"),
        ({"n": 21}, 422, "invalid_request"),
        ({"n": 2.5}, 422, "invalid_request"),
        ({"random_seed": 2**63}, 422, "invalid_request"),
        ({"budget_usd": "-1"}, 422, "invalid_request"),
        ({"call": True, "source": TEMPLATE.replace("scripted:demo", "openai:gpt-4.1-mini")}, 422, None),
        ({"cal": True}, 422, "invalid_request"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_preview_that_cannot_be_is_refused(ann: Api, seeds: str, change: Any, status: int, code: str | None) -> None:
    answer = ann.post("/templates/preview", {"source": TEMPLATE, "seeds": seeds, "n": 1, **change})
    assert answer.status_code == status, answer.text
    assert code in {None, answer.json()["code"]}
    assert answer.json()["detail"].endswith((".", "`."))


CHANGED = write_cursor("templates by changed", 1, "page-a")


def test_templates_are_listed_page_by_page_in_an_order(bob: Api) -> None:
    for name in ("page-b", "page-a", "page-c"):
        bob.template(named(name))
    first = bob.get("/templates", params={"q": "page-", "limit": 2}).json()
    rest = bob.get("/templates", params={"q": "page-", "limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["name"] for item in first["items"] + rest["items"]] == ["page-a", "page-b", "page-c"]
    assert names_of(bob, q="page-", order="changed") == ["page-c", "page-a", "page-b"]
    for path in ("/templates", "/templates/public"):
        for query in ({"limit": 0}, {"limit": 201}, {"limit": 2**63}, {"q": "x" * 201}):
            problem(bob.get(path, params=query), 422, "invalid_request")
        for cursor in ("", "!", "AAAA", "WzEsMl0", "W10", "bnVsbA", "x" * 2000, first["next_cursor"][:-2], CHANGED):
            problem(bob.get(path, params={"cursor": cursor}), 422, "invalid_cursor")
    problem(bob.get("/templates", params={"order": "size"}), 422, "invalid_request")
    for text in ("%", "_", "\\", "' OR 1=1 --", "\x00", "\U0001f33e"):
        assert names_of(bob, q=text) == []


def test_a_post_that_is_sent_twice_with_one_key_is_done_once(ann: Api) -> None:
    body, key = {"source": named("once")}, {"Idempotency-Key": "key-1"}
    first = ann.post("/templates", body, headers=key)
    again = ann.post("/templates", body, headers=key)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    other = ann.post("/templates", {"source": named("twice")}, headers=key)
    problem(other, 409, "idempotency_conflict")
    for odd in ("", "two words", "x" * 201):
        problem(ann.post("/templates", body, headers={"Idempotency-Key": odd}), 422, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"source": 1},
        {"source": None},
        {"source": named("odd-one"), "name": "x"},
        {"source": "x" * 300_001},
        [],
        "x",
        None,
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_request_of_another_form_is_refused_by_its_place(ann: Api, body: Any) -> None:
    template = fresh(ann) if body == {} else "0" * 16
    for method, path in (("POST", "/templates"), ("PUT", f"/templates/{template}")):
        refused = problem(ann.ask(method, path, json=body), 422, "invalid_request")
        assert refused["errors"][0]["path"].startswith("body")


@pytest.mark.parametrize(
    "source", ["", "\x00", "name: \x00", "[]", "name: 1", "a: &a [*a]", "x" * 270_000], ids=lambda s: s[:12]
)
def test_a_source_that_is_no_template_is_refused(ann: Api, source: str) -> None:
    refused = problem(ann.post("/templates", {"source": source}), 422, "invalid_template")
    assert refused["errors"]
