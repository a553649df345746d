"""How somebody gets in and out by the pages."""

import pytest
from starlette.testclient import TestClient

from support.api import Api
from support.people import PASSWORD
from support.web import OURS, Visitor, mailed_link, text_of, visit

ANN = {"email": "ann@example.org", "password": PASSWORD}


def nobody(client: TestClient) -> Visitor:
    return Visitor(client=client, api=Api(client, {}))


def test_a_stranger_signs_up_opens_the_link_and_logs_in(client: TestClient) -> None:
    stranger = nobody(client)
    assert stranger.done("/signup", ANN) == "/login?done=signed-up"
    assert "A link was mailed to you" in stranger.page("/login?done=signed-up")
    link = mailed_link(client)
    token = link.partition("token=")[2]
    assert f'value="{token}"' in stranger.get(link).text
    assert stranger.done("/verify", {"token": token}) == "/login?done=verified"
    assert stranger.done("/login", ANN) == "/"
    assert "Log out" in stranger.page("/")


def test_the_cookie_is_for_no_script_and_no_other_site(client: TestClient) -> None:
    visit(client, "ann@example.org")
    cookie = nobody(client).post("/login", ANN).headers["set-cookie"]
    assert cookie.startswith("gristmill_session=gmc_")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie


def test_behind_https_the_cookie_is_sent_over_nothing_else(client: TestClient) -> None:
    visit(client, "ann@example.org")
    answer = nobody(client).post("https://testserver/login", ANN)
    assert "Secure" in answer.headers["set-cookie"]


def test_a_wrong_password_is_refused_and_the_address_stays_in_the_form(client: TestClient) -> None:
    visit(client, "ann@example.org")
    answer = nobody(client).post("/login", {**ANN, "password": "wrong horse battery"})
    assert answer.status_code == 401
    assert "The e-mail address or the password is wrong." in text_of(answer)
    assert 'value="ann@example.org"' in answer.text
    assert "wrong horse" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"email": "no address", "password": PASSWORD}, "address"),
        ({"email": "ann@example.org", "password": "short"}, "has 10 to 1,024 characters"),
        ({}, "address"),
    ],
)
def test_a_form_that_cannot_be_taken_says_why(client: TestClient, form: dict[str, str], words: str) -> None:
    answer = nobody(client).post("/signup", form)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_after_logging_out_the_cookie_opens_nothing(client: TestClient) -> None:
    ann = visit(client, "ann@example.org")
    held = dict(ann.cookies)
    assert ann.done("/logout") == "/login?done=logged-out"
    ann.cookies = held
    assert ann.get("/").headers["location"] == "/login"


def test_a_forgotten_password_is_set_anew_and_every_login_ends(client: TestClient) -> None:
    ann = visit(client, "ann@example.org")
    assert nobody(client).done("/forgot", {"email": "ann@example.org"}) == "/login?done=reset-mailed"
    token = mailed_link(client).partition("token=")[2]
    new = "a newer horse battery"
    assert nobody(client).done("/reset", {"token": token, "password": new}) == "/login?done=password-set"
    assert ann.get("/").status_code == 303
    assert nobody(client).post("/login", ANN).status_code == 401
    assert nobody(client).done("/login", {**ANN, "password": new}) == "/"


@pytest.mark.parametrize("page", ["verify", "reset"])
def test_a_link_that_is_used_up_says_so(client: TestClient, page: str) -> None:
    answer = nobody(client).post(f"/{page}", {"token": "gmv_used", "password": PASSWORD})
    assert answer.status_code == 422
    assert "link is used up" in text_of(answer)


def test_who_is_not_logged_in_comes_back_to_the_page_they_wanted(client: TestClient) -> None:
    ann = visit(client, "ann@example.org")
    stranger = nobody(client)
    login = stranger.get("/jobs/new?template=t1").headers["location"]
    assert login == "/login?next=%2Fjobs%2Fnew%3Ftemplate%3Dt1"
    assert stranger.done(login, ANN) == "/jobs/new?template=t1"
    assert ann.get(login).headers["location"] == "/jobs/new?template=t1"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1", ""]
)
def test_a_login_leads_to_no_other_site(client: TestClient, elsewhere: str) -> None:
    visit(client, "ann@example.org")
    assert nobody(client).post("/login", ANN, params={"next": elsewhere}).headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": ""},
    ],
)
def test_a_form_of_another_site_is_not_taken(client: TestClient, headers: dict[str, str]) -> None:
    ann = visit(client, "ann@example.org")
    answer = ann.post("/logout", headers=headers)
    assert answer.status_code == 403
    assert "not sent by a page of this server" in text_of(answer)
    assert "Log out" in ann.page("/")


def test_a_browser_that_says_only_its_origin_is_believed(client: TestClient) -> None:
    ann = visit(client, "ann@example.org")
    assert ann.done("/logout", headers={"Sec-Fetch-Site": "", "Origin": "http://testserver"})


def test_every_page_lets_no_foreign_or_inline_script_run(client: TestClient) -> None:
    for answer in (
        nobody(client).get("/login"),
        nobody(client).get("/nothing-here"),
        visit(client, "a@example.org").get("/"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "<script>" not in answer.text
        assert " style=" not in answer.text


def test_a_static_file_may_be_kept_for_ever_under_the_address_that_names_its_content(client: TestClient) -> None:
    page = nobody(client).get("/login").text
    address = page.partition('rel="icon" href="')[2].partition('"')[0]
    kept = client.get(address)
    assert (kept.status_code, kept.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert kept.headers["content-type"] == "image/svg+xml"
    assert client.get("/static/favicon.svg").headers["cache-control"] == "no-cache"
    for name in ("nothing.css", "..%2fapp.py", "%2e%2e%2fapp.py", "app.py"):
        assert client.get(f"/static/{name}").status_code == 404


def test_a_page_that_is_not_there_says_so_and_the_api_says_it_its_own_way(client: TestClient) -> None:
    answer = nobody(client).get("/nothing-here", headers=OURS)
    assert (answer.status_code, "There is no page here." in text_of(answer)) == (404, True)
    assert client.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"
