"""A stranger's template harms only its own job: every attack ends, soon and small, with words, wherever it is read."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

import pytest

from gristmill.adapters.renderer.child import MEMORY_BYTES
from gristmill.adapters.renderer.process import DEADLINE_SECONDS, START_SECONDS, ChildRenderer
from gristmill.domain.ids import Slot
from gristmill.domain.job import JobStatus
from gristmill.domain.scope import Scope
from gristmill.errors import GristmillError, TemplateTooExpensiveError
from gristmill.recipes import compile_template, draft_attempt, lint_template
from gristmill.worker import watchdog
from support.hostile import EXPENSIVE, FAILED, HARMLESS, PROMPTS, SOURCES
from support.hostile_apart import apart, most_memory
from support.offspring import children
from support.shell import unmeasured
from support.templates import one_step

SECRET = "the-secret-that-nobody-may-read"
SECONDS = 3.0
RENDERED = {name: pair for name, pair in PROMPTS.items() if pair[1] in (EXPENSIVE, FAILED)}
READ = {
    **{name: (one_step(prompt), code) for name, (prompt, code) in PROMPTS.items() if name not in RENDERED},
    **SOURCES,
}
PER_PROCESS = 12
GROUPS = [list(RENDERED)[first : first + PER_PROCESS] for first in range(0, len(RENDERED), PER_PROCESS)]


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)


@dataclass(frozen=True)
class Reading:
    """What the child process said of a source, and the seconds of CPU and bytes that it took for it."""

    findings: Sequence[dict[str, str]]
    seconds: float
    grown: int


# The process that lint starts, which tells at its end what memory it has had: `ru_maxrss` would count its parent's.
TELLING = """
import sys
from pathlib import Path
from gristmill.adapters.renderer.child import main
main()
sys.stderr.write(Path("/proc/self/status").read_text())
"""


def read_apart(source: str) -> Reading:
    """What the process that lint starts makes of a source."""
    command = [sys.executable, "-c", TELLING, "lint"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=unmeasured()) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"ready\n"
        before, begun = most_memory(Path(f"/proc/{child.pid}/status").read_text()), cpu_seconds(child.pid)
        child.stdin.write(json.dumps({"source": source}).encode())
        child.stdin.close()
        answer, told = child.stdout.read(), child.stderr.read().decode()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
    assert status == 0, told
    return Reading(json.loads(answer), usage.ru_utime + usage.ru_stime - begun, most_memory(told) - before)


def cpu_seconds(pid: int) -> float:
    """What a process has taken so far: proc_pid_stat(5), fields 14 and 15."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", READ)
def test_lint_ends_soon_and_small_with_a_clear_error(name: str) -> None:
    source, code = READ[name]
    reading = read_apart(source)
    errors = [finding for finding in reading.findings if finding["severity"] == "error"]
    assert code in {finding["code"] for finding in errors} if code else errors == []
    assert all(finding["message"].endswith((".", "?")) and "Traceback" not in finding["message"] for finding in errors)
    assert SECRET not in str(reading.findings)
    assert reading.seconds < SECONDS
    assert reading.grown < MEMORY_BYTES


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_rendering_ends_soon_and_small_with_a_clear_error(names: list[str]) -> None:
    for name, ended in apart("render", *names).items():
        assert (ended["errors"], ended["code"]) == ([], RENDERED[name][1]), name
        assert ended["words"].startswith("steps.q.prompt: "), name
        assert len(ended["words"]) < 600, name
        assert SECRET not in ended["words"], name
        assert ended["seconds"] < SECONDS, name
        assert ended["grown"] < MEMORY_BYTES, name


def test_what_only_looks_like_an_attack_renders() -> None:
    ended = apart("render", *HARMLESS)
    assert {name: (one["code"], one["words"]) for name, one in ended.items()} == {
        name: ("", text) for name, (_, text) in HARMLESS.items()
    }
    assert all(one["seconds"] < SECONDS and one["grown"] < MEMORY_BYTES for one in ended.values())


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_in_a_run_each_record_is_a_reject_and_another_job_of_the_process_completes(
    quick_path: Path, names: list[str]
) -> None:
    ended = apart("run", str(quick_path), *names)
    assert ended["reasons"] == {name: [RENDERED[name][1]] for name in names}
    assert ended["statuses"] == [JobStatus.SHORT]
    assert ended["beside"] == [JobStatus.COMPLETED, 20]
    assert SECRET not in ended["asked"]


async def test_a_pattern_that_backtracks_elsewhere_is_checked_in_a_moment() -> None:
    recipe = compile_template(SOURCES["a pattern that backtracks"][0])
    validator = recipe.steps[0].validator
    assert validator is not None
    begun = time.process_time()
    assert not validator.is_valid("a" * 100_000 + "!")
    assert time.process_time() - begun < 1


JUDGED = """\
name: judged
steps:
  - {id: q, prompt: "About {{ city }}"}
  - {id: more, when: "{{ city == 'Oslo' }}", prompt: "More on {{ steps.q.output }}"}
record: {q: "{{ steps.q.output }}"}
checks: [{judge: cheap, ask: "Is {{ record.q }} good?"}]
"""
READY = "import os, json, time; print('ready', flush=True); "


def running(program: str) -> ChildRenderer:
    return ChildRenderer(command=(sys.executable, "-c", program), deadline_seconds=0.3)


@pytest.mark.parametrize("program", [READY + "time.sleep(600)", READY + "os.abort()", READY + "os._exit(1)"])
async def test_a_child_that_hangs_or_dies_is_one_finding_and_is_gone(program: str) -> None:
    (finding,) = await running(program).lint(one_step())
    assert (finding.code, finding.severity, finding.line) == ("too_expensive", "error", 1)
    assert children() == []


@pytest.mark.parametrize("program", [READY + "time.sleep(600)", READY + "os.abort()", READY + "os._exit(1)"])
async def test_drafts_that_take_too_much_are_given_up_and_nothing_is_left(program: str) -> None:
    with pytest.raises(TemplateTooExpensiveError, match=r"these prompts takes more than 0\.3 seconds or 512 MB"):
        await running(program).draft(one_step(), [Scope(slot=Slot(0))])
    assert children() == []


@pytest.mark.parametrize("name", [*RENDERED][::12])
async def test_a_preview_of_an_attack_ends_soon_and_says_why(name: str) -> None:
    begun = time.monotonic()
    try:
        ((draft,),) = await ChildRenderer().draft(one_step(PROMPTS[name][0]), [Scope(slot=Slot(0))])
        problem = draft.problem
    except TemplateTooExpensiveError as error:
        # On a busy machine the deadline comes before the last step.
        problem = str(error)
    assert problem.startswith(("steps.q.prompt: ", "Rendering these prompts takes more than 2.5 seconds"))
    assert SECRET not in problem
    assert time.monotonic() - begun < START_SECONDS + DEADLINE_SECONDS
    assert children() == []


async def test_a_child_that_never_starts_is_no_fault_of_the_template() -> None:
    with pytest.raises(GristmillError, match="did not start"):
        await running("raise SystemExit(1)").lint(one_step())
    assert children() == []


async def test_a_child_is_given_no_key() -> None:
    program = READY + "print(json.dumps([{'code': str(dict(os.environ)), 'message': ''}]))"
    (finding,) = await ChildRenderer(command=(sys.executable, "-c", program)).lint("")
    assert "PATH" in finding.code
    assert SECRET not in finding.code


async def test_a_child_has_the_drafts_of_this_process() -> None:
    recipe = compile_template(JUDGED)
    scopes = [Scope(slot=Slot(slot), seed={"city": city}, frame="f") for slot, city in enumerate(("Lima", "O\ud800"))]
    drafts = await ChildRenderer().draft(JUDGED, scopes, {"q": 3})
    assert drafts == [list(draft_attempt(recipe, scope, {"q": 3})) for scope in scopes]
    assert drafts[1][0].problem.startswith("steps.q.prompt: ")


async def test_a_child_has_the_findings_of_this_process() -> None:
    for source in (one_step(), one_step("{{ nothing | uper }}"), "name: a\n"):
        assert await ChildRenderer().lint(source) == lint_template(source)
    assert children() == []


def test_what_a_child_may_take_is_bounded_by_the_kernel() -> None:
    fill = "import gristmill.adapters.renderer.child as child; child.limit(child.LIMITS); bytearray(child.MEMORY_BYTES)"
    done = subprocess.run([sys.executable, "-c", fill], env=unmeasured(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("MemoryError")


async def test_a_slow_start_is_not_the_templates_fault() -> None:
    begin = "while time.process_time() < 1.5: pass"
    slow = (
        f"import time\nimport gristmill.adapters.renderer.child as child\n{begin}\nchild.CPU_SECONDS = 1\nchild.main()"
    )
    assert await ChildRenderer(command=(sys.executable, "-c", slow)).lint(one_step()) == lint_template(one_step())


def test_the_watchdog_stops_with_the_last_that_watches_and_leaves_other_work_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.01)
    with watchdog.watch_rendering():
        with watchdog.watch_rendering():
            pass
        assert signal.getitimer(signal.ITIMER_VIRTUAL)[1] > 0
        begun = time.process_time()
        while time.process_time() - begun < 0.2:
            pass
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
