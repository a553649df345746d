"""What a person does in a browser, and what the browser complains of meanwhile."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, expect

from support.people import PASSWORD
from support.serving import Server

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
# A page that is left takes its streams along: that is no failure.
LEFT = "net::ERR_ABORTED"
TELL_OF_POLICY = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));"""
# Scripts begin after the page was painted; whoever has none has the page as it is.
BEGUN = """() => document.readyState === "complete" &&
  document.documentElement.matches(":not(.scripted), .begun")"""


# Without slots: Playwright leaves a mark of its own on whom it tells.
@dataclass
class Watch:
    """Complaints of a browser: errors in the console, failed requests, answers of a broken server, policy reports."""

    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def look_at(self, context: BrowserContext) -> None:
        context.add_init_script(TELL_OF_POLICY)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"error: {error.error}"))
        context.on("requestfailed", self._fail)
        context.on("response", self._answer)

    def expect(self, words: str) -> None:
        """Complaints that hold these words are what the test is about."""
        self.expected.append(words)

    def must_be_quiet(self) -> None:
        unexpected = [line for line in self.complaints if not any(words in line for words in self.expected)]
        assert not unexpected, "\n".join(unexpected)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text} {message.location.get('url', '')}")

    def _fail(self, request: Request) -> None:
        if request.failure != LEFT:
            self.complaints.append(f"failed: {request.method} {request.url} {request.failure}")

    def _answer(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"broken: {response.status} {response.url}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    email: str
    password: str = PASSWORD


@dataclass(slots=True)
class Window:
    """A browser's window on a server, and short ways to what people do in it."""

    page: Page
    server: Server
    watch: Watch
    person: Person | None = None

    def go(self, path: str) -> Page:
        """Open a page, which must be there."""
        response = self.page.goto(f"{self.server.url}{path}")
        assert response is not None
        assert response.ok, f"{response.status} {path}"
        await_scripts(self.page)
        return self.page

    def status_of(self, path: str) -> int:
        """What a path answers to this person."""
        return self.page.request.get(f"{self.server.url}{path}", max_redirects=0).status

    def press(self, name: str) -> None:
        """Press the button, or follow the link, that has this name."""
        await_scripts(self.page)
        button = self.page.get_by_role("button", name=name, exact=True)
        (button if button.count() else self.page.get_by_role("link", name=name, exact=True)).first.click()

    def fill(self, **fields: str) -> None:
        """Fill fields by the words of their labels, an underscore for a space or a hyphen."""
        for label, text in fields.items():
            self.page.get_by_label(re.compile(f"^{label.replace('_', '.')}", re.IGNORECASE)).first.fill(text)

    def sees(self, words: str | re.Pattern[str], *, seconds: float = 15) -> None:
        """Wait until somebody can read these words on the page."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=seconds * 1000)


def await_scripts(page: Page) -> None:
    """Wait until the page's scripts have begun: nobody is as quick as a test."""
    page.wait_for_function(BEGUN)


FACTS = """\
name: facts
description: A fact about a product
defaults: {model: cheap, max_tokens: 50}
steps:
  - id: fact
    prompt: "A fact about {{ product.name }}: {{ product.text }}"
record: {product: "{{ product.name }}", fact: "{{ steps.fact.output }}"}
checks:
  - {expect: "{{ record.fact | length > 3 }}", reason: nothing said}
"""
ROWS = "".join(
    json.dumps({"product": {"name": f"product {number}", "text": "It turns."}}) + "\n" for number in range(60)
).encode()


def write_source(window: Window, source: str) -> None:
    """Write a template into the editor, in place of what stands there."""
    editor = window.page.locator(".cm-content")
    editor.click()
    window.page.keyboard.press("Control+A")
    window.page.keyboard.insert_text(source)


def keep_template(window: Window, source: str = FACTS) -> str:
    """Write a template and save it; the path of its page."""
    window.go("/templates/new")
    write_source(window, source)
    window.press("Save template")
    window.sees("The template is saved.")
    return urlsplit(window.page.url).path


def bring_seeds(window: Window, name: str = "products.jsonl", rows: bytes = ROWS) -> str:
    """Upload rows; the path of their page."""
    window.go("/seeds")
    window.page.get_by_label(re.compile("^File")).set_input_files(
        {"name": name, "mimeType": "application/jsonl", "buffer": rows}
    )
    window.press("Upload")
    window.page.wait_for_url(re.compile(r"/seeds/[0-9a-f]{8,}"))
    return urlsplit(window.page.url).path


def order(window: Window, records: int, *, model: str = "", budget: str = "") -> str:
    """Order records from the newest template and seeds; the path of the job's page."""
    template, seeds = keep_template(window), bring_seeds(window)
    window.go(f"/jobs/new?template={template.rpartition('/')[2]}&seeds={seeds.rpartition('/')[2]}")
    window.fill(Records=str(records))
    if model:
        window.fill(cheap=model)
    if budget:
        window.fill(Budget=budget)
    window.press("Start job")
    window.page.wait_for_url(re.compile(r"/jobs/\d{8}-"))
    return urlsplit(window.page.url).path


def accepted(window: Window) -> int:
    """How many records the job's page says are accepted."""
    return int(window.page.get_by_role("progressbar", name="Records accepted").get_attribute("value") or 0)


def await_status(window: Window, status: str, *, seconds: float = 60) -> None:
    """Wait until the job's page, which follows by itself, says that it stands so."""
    badge = window.page.locator("#job-head .badge")
    expect(badge).to_have_text(status, timeout=seconds * 1000)


def download_records(window: Window) -> list[Any]:
    """Export what there is as JSON Lines, download the file, and read it."""
    window.page.get_by_role("navigation", name="This job").get_by_role("link", name="Exports").click()
    window.press("Export")
    window.sees("The export is made.")
    with window.page.expect_download() as download:
        window.page.get_by_role("link", name=re.compile("^Download")).first.click()
    return [json.loads(line) for line in download.value.path().read_text("utf-8").splitlines()]


def sign_up_by_hand(window: Window, email: str) -> Person:
    """Sign up, open the link on the server's console, and log in, all by the pages."""
    person = Person(email)
    window.go("/signup")
    window.fill(E_mail_address=email, Password=person.password)
    window.press("Sign up")
    window.sees("A link was mailed to you")
    window.go(f"/verify?token={window.server.mailed_token()}")
    window.press("Confirm my address")
    window.sees("Your address is confirmed")
    log_in_by_hand(window, person)
    return person


def log_in_by_hand(window: Window, person: Person) -> None:
    """Fill the login's form."""
    window.fill(E_mail_address=person.email, Password=person.password)
    window.press("Log in")
    expect(window.page.get_by_role("button", name="Log out")).to_be_visible()


def serious_violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds serious or worse on the page as it stands; injected past no policy."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        {"rule": one["id"], "help": one["help"], "at": [node["html"][:160] for node in one["nodes"][:3]]}
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
