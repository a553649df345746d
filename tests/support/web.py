"""The pages asked within this process, as a browser of one user would: with its cookie, and from a page of ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from support.api import Api, join, letters
from support.people import PASSWORD

# What every browser says of a form that a page of the same server sends.
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass(slots=True)
class Visitor:
    """Somebody with a browser. `api` asks as the same user, for what a test begins with."""

    client: TestClient
    api: Api
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **rest: Any) -> Response:
        return self.ask("GET", path, **rest)

    def post(self, path: str, form: Mapping[str, Any] | None = None, **rest: Any) -> Response:
        """What a form is answered, redirects not followed."""
        return self.ask("POST", path, data=form or {}, **rest)

    def ask(self, method: str, path: str, **rest: Any) -> Response:
        headers = {**OURS, **rest.pop("headers", {})}
        self.client.cookies.clear()
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = self.client.request(method, path, headers=headers, follow_redirects=False, **rest)
        self.cookies.update(response.cookies)
        return response

    def page(self, path: str, **rest: Any) -> str:
        """The text of a page that must be there, its tags taken out."""
        response = self.get(path, **rest)
        assert response.status_code == 200, response.text
        return text_of(response)

    def done(self, path: str, form: Mapping[str, Any] | None = None, **rest: Any) -> str:
        """Where a form leads that must be taken."""
        response = self.post(path, form, **rest)
        assert response.status_code == 303, response.text
        return response.headers["location"]


def text_of(response: Response) -> str:
    """What somebody reads on a page, every run of space as one."""
    body = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def visit(client: TestClient, email: str) -> Visitor:
    """Somebody new, logged in by the pages and by the API."""
    return enter(client, email, join(client, email))


def enter(client: TestClient, email: str, api: Api) -> Visitor:
    """Somebody who is known, logged in by the pages."""
    visitor = Visitor(client=client, api=api)
    assert visitor.done("/login", {"email": email, "password": PASSWORD}) == "/"
    return visitor


def mailed_link(client: TestClient) -> str:
    """The path that the last mail's link leads to."""
    found = re.search(r"https?://[^/\s]+(/\S+)", letters(client).mails[-1].text)
    assert found is not None
    return found[1]
