"""Fifty people at one server, as Locust plays them: `python -m bench.crowd PLAY.json`, which says what they have.

Locust changes sockets and threads of the process it is in, so it has one of its own.
"""

import json
import random
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import gevent  # type: ignore[import-untyped]
from geventhttpclient._parser import HTTPParseError
from locust import FastHttpUser, between, events, task
from locust.env import Environment
from locust.stats import StatsEntry

from bench.serving import FORM, form_of

WORDS = ("lamp", "market", "city", "the", "question")
FOLLOWED_SECONDS = 3.0
OK = 200
FAST = "scripted:demo"


class Person(FastHttpUser):
    """Somebody who looks at jobs and records most of the time, and now and then makes or marks something."""

    wait_time = between(0.5, 1.5)
    network_timeout = 30.0
    connection_timeout = 30.0
    accounts: ClassVar[list[Mapping[str, str]]] = []
    source: ClassVar[str] = ""

    def on_start(self) -> None:
        """Take an account; several people may share one."""
        self.own = random.choice(self.accounts)
        self.head = {"Authorization": f"Bearer {self.own['token']}"}

    def see(self, path: str, name: str) -> None:
        """A read, counted under its name."""
        with self.rest("GET", f"/api/v1{path}", headers=self.head, name=f"GET {name}"):
            pass

    def do(self, method: str, path: str, name: str, body: object) -> None:
        """A write, counted under its name."""
        headers = {**self.head, "Content-Type": "application/json"}
        sent = json.dumps(body)
        self.client.request(method, f"/api/v1{path}", headers=headers, name=f"{method} {name}", data=sent)

    @task(4)
    def knock(self) -> None:
        """What touches nothing but the event loop: how long the machine itself lets one wait."""
        with self.rest("GET", "/healthz", name="GET /healthz"):
            pass

    @task(10)
    def list_jobs(self) -> None:
        self.see("/jobs", "/jobs")

    @task(10)
    def look_at_job(self) -> None:
        self.see(f"/jobs/{self.own['job']}", "/jobs/{id}")

    @task(10)
    def page_records(self) -> None:
        self.see(f"/jobs/{self.own['job']}/records?limit=50", "/jobs/{id}/records")

    @task(4)
    def search(self) -> None:
        self.see(f"/jobs/{self.own['job']}/records?q={random.choice(WORDS)}", "/jobs/{id}/records?q=")

    @task(2)
    def trace(self) -> None:
        self.see(f"/jobs/{self.own['job']}/records/{random.randrange(100)}", "/jobs/{id}/records/{slot}")

    @task(2)
    def see_statistics(self) -> None:
        self.see(f"/jobs/{self.own['job']}/statistics", "/jobs/{id}/statistics")

    @task(5)
    def list_templates(self) -> None:
        self.see("/templates", "/templates")

    @task(3)
    def see_stats(self) -> None:
        self.see("/stats", "/stats")

    @task(3)
    def see_costs(self) -> None:
        self.see("/stats/costs?by=day,model", "/stats/costs")

    @task(1)
    def follow(self) -> None:
        """Watch the long job for some seconds; what counts is when the first event comes."""
        path, name = f"/api/v1/jobs/{self.own['job']}/events", "GET /jobs/{id}/events"
        answer = self.client.get(path, headers=self.head, name=name, stream=True)
        # A server that is killed breaks its streams off in the middle of a line.
        with suppress(gevent.Timeout, OSError, HTTPParseError), gevent.Timeout(FOLLOWED_SECONDS):
            while answer.status_code == OK and answer.read(1):
                pass
        if answer.status_code == OK:
            answer.release()

    @task(3)
    def mark(self) -> None:
        slots = random.sample(range(100), 3)
        path = f"/jobs/{self.own['job']}/marks"
        self.do("PUT", path, "/jobs/{id}/marks", {"slots": slots, "mark": "good", "note": "seen"})

    @task(1)
    def save_template(self) -> None:
        source = self.source.replace("DESCRIPTION", f"version {time.monotonic_ns()}")
        self.do("PUT", f"/templates/{self.own['template']}", "/templates/{id}", {"source": source})

    @task(1)
    def order(self) -> None:
        wanted = {"template": self.own["template"], "seeds": self.own["seeds"], "records": 4, "models": {"cheap": FAST}}
        self.do("POST", "/jobs", "/jobs", wanted)

    @task(1)
    def bring_seeds(self) -> None:
        headers = {**self.head, "Content-Type": f"multipart/form-data; boundary={FORM}"}
        self.client.post(
            "/api/v1/seeds", form_of(50, f"{random.random()}").decode(), headers=headers, name="POST /seeds"
        )


def main() -> None:
    """Let them come, stay for as long as the play says, and write what was measured to its `out`."""
    play = json.loads(Path(sys.argv[1]).read_text())
    Person.accounts, Person.source = play["accounts"], play["source"]
    environment = Environment(user_classes=[Person], events=events, host=play["url"])
    runner = environment.create_local_runner()
    runner.start(play["people"], spawn_rate=play["people"] / play["rise_seconds"])
    gevent.sleep(play["rise_seconds"])
    warm = environment.stats.total.num_requests
    environment.stats.reset_all()
    started = time.monotonic()
    gevent.sleep(play["seconds"])
    seconds = time.monotonic() - started
    lines = [_line(entry, seconds) for entry in sorted(environment.stats.entries.values(), key=lambda one: one.name)]
    lines.append(_line(environment.stats.total, seconds))
    errors = [f"{one.occurrences} x {one.name}: {one.error}" for one in environment.stats.errors.values()]
    runner.quit()
    Path(play["out"]).write_text(
        json.dumps({"lines": lines, "errors": errors, "all_requests": warm + environment.stats.total.num_requests})
    )


def _line(entry: StatsEntry, seconds: float) -> dict[str, Any]:
    at = entry.get_response_time_percentile
    ms = {name: at(share) or 0 for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))}
    rate = entry.num_requests / seconds
    return {"name": entry.name, **ms, "requests": entry.num_requests, "errors": entry.num_failures, "per_second": rate}


if __name__ == "__main__":
    main()
