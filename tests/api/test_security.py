"""What strangers and hostile users send: each is answered soon, with a refusal, and the server serves the others."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gristmill.api.middleware import MOST_AUTH_BYTES
from support.api import PREFIX, Api, join, open_api, problem

# A busy machine is nobody's attack.
SOON_SECONDS = 20.0


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with pytest.MonkeyPatch.context() as patch, open_api(tmp_path_factory.mktemp("server"), patch) as client:
        yield join(client, "ann@example.org")


@pytest.fixture(autouse=True)
def _soon(ann: Api) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    assert ann.get("/auth/me").status_code == 200
    assert time.perf_counter() - begun < SOON_SECONDS


def sent(who: Api, path: str, content: bytes, kind: str = "application/json") -> Any:
    return who.ask("POST", path, content=content, headers={"Content-Type": kind})


NESTED = b'{"source":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    "content",
    [
        NESTED,
        b'{"source":' * 50_000,
        b'{"source": "' + b"x" * 1_900_000 + b'"}',
        b"{" + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}",
        b'{"source": ' + b"9" * 100_000 + b"}",
        b'{"source": 1e999999}',
        b'{"source": "\\ud800"}',
        b'{"source": "\xff"}',
        b"\x00",
        b"",
        b"null",
    ],
    ids=lambda content: repr(content[:16]),
)
def test_json_that_is_huge_deep_or_broken_is_refused(ann: Api, content: bytes) -> None:
    for path in ("/templates", "/seeds/generate"):
        answer = sent(ann, path, content)
        assert answer.status_code == 422, (path, answer.text[:300])
        assert len(answer.content) < 100_000


def test_whoever_has_not_said_who_they_are_sends_little(ann: Api) -> None:
    for path in ("/auth/login", "/auth/signup", "/auth/password/reset"):
        problem(sent(Api(ann.client, {}), path, b" " * (MOST_AUTH_BYTES + 1)), 413, "too_large")
    longest = {"email": "a@example.org", "password": "\U0001f33e" * 1024}
    problem(sent(Api(ann.client, {}), "/auth/login", json.dumps(longest).encode()), 401, "unauthenticated")


def test_half_a_character_is_refused_wherever_text_is_taken(ann: Api) -> None:
    bodies = {
        "/auth/keys": {"name": "\ud800"},
        "/auth/login": {"email": "\ud800@example.org", "password": "\ud800"},
        "/auth/refresh": {"refresh_token": "\ud800"},
        "/auth/verify": {"token": "\ud800"},
        "/models/test": {"model": "\ud800"},
        "/seeds/uploads": {"name": "\ud800"},
        "/seeds/generate": {"template": "\ud800", "n": 1},
    }
    for path, body in bodies.items():
        assert sent(ann, path, json.dumps(body).encode()).status_code in {401, 404, 422}, path


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__ }}",
        "{{ ''|attr('__class__') }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 99999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
    ],
)
def test_a_hostile_prompt_reaches_nothing_and_ends(ann: Api, prompt: str) -> None:
    source = "\n".join(("name: hostile", "steps:", "  - id: q", "    prompt: |-", f"      {prompt}", ""))
    answer = ann.post("/templates/preview", {"source": source, "n": 1})
    shown = answer.json()["items"][0]["steps"][0] if answer.is_success else {"problem": answer.json()["detail"]}
    assert shown["problem"], answer.text
    assert "root:" not in answer.text
    assert "uid=" not in answer.text
    assert "<class" not in answer.text


@pytest.mark.parametrize(
    "text", ["' OR '1'='1", "1; DROP TABLE users; --", "%", "../../etc/passwd", "\u202e", "é" * 60]
)
def test_an_id_is_only_ever_compared(ann: Api, text: str) -> None:
    for path in ("/templates/{}", "/seeds/{}", "/jobs/{}", "/exports/{}/download", "/templates/{}/source"):
        quoted = "".join(f"%{byte:02X}" for byte in text.encode())
        assert ann.get(path.format(quoted)).status_code in {404, 422}
    assert ann.get("/templates").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../../../etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/docs/%2e%2e/start.js",
        "/templates/..%2fme",
        "//auth/me",
    ],
)
def test_no_path_leads_out_of_the_api(ann: Api, path: str) -> None:
    answer = ann.get(path)
    assert answer.status_code in {404, 422}
    assert "root:" not in answer.text


def test_no_header_ends_a_line_of_an_answer_or_the_log(ann: Api) -> None:
    for odd in (b"a\r\nX-Forged: 1", b"short", b"x" * 65, b"\xe9" * 20, b"<script>alert(1)</script>"):
        answer = ann.client.request("GET", f"{PREFIX}/auth/me", headers={b"x-request-id": odd})
        problem(answer, 401, "unauthenticated")
        assert "x-forged" not in answer.headers
        assert answer.headers["x-request-id"].isalnum()
    kept = ann.get("/auth/me", headers={"X-Request-Id": "proxy-id.0123"})
    assert kept.headers["x-request-id"] == "proxy-id.0123"


def test_every_answer_tells_browsers_to_be_careful(ann: Api) -> None:
    for answer in (ann.get("/auth/me"), ann.get("/nothing"), ann.ask("DELETE", "/templates")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_is_not_there_is_said_so_as_a_problem(ann: Api) -> None:
    problem(ann.get("/nothing"), 404, "not_found")
    for method in ("PUT", "HEAD", "TRACE"):
        assert ann.ask(method, "/templates").status_code == 405
    problem(ann.ask("PUT", "/templates"), 405, "method_not_allowed")
