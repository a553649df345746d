"""Where every refusal becomes a sentence and an exit code; no traceback ever reaches a user."""

import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gristmill.cli.terminal import ERR, mute, say_error
from gristmill.errors import BadInputError, Finding, GristmillError

if TYPE_CHECKING:
    from cyclopts import CycloptsError

OK, BAD_INPUT, FAILED, STOPPED = 0, 2, 4, 130
# EX_SOFTWARE of sysexits.h: our own mistake, not the user's.
BROKEN = 70


def run_command(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code, whatever happens."""
    from gristmill.cli.app import build_app

    try:
        status = build_app(arguments)(
            list(arguments), result_action="return_value", exit_on_error=False, print_error=False
        )
    except KeyboardInterrupt:
        return STOPPED
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else BAD_INPUT
    except BrokenPipeError:
        # Whoever read our output has had enough.
        mute(sys.stdout)
        return OK
    except BaseException as error:  # noqa: BLE001 - the one place where everything ends
        return _refuse(_innermost(error))
    return status if isinstance(status, int) else OK


@contextmanager
def about(file: Path) -> Iterator[None]:
    """Name the file that findings of a refusal speak of."""
    try:
        yield
    except BadInputError as error:
        error.add_note(str(file))
        raise


def show_findings(findings: Sequence[Finding], file: str) -> None:
    """Each finding as `file:line:column: message`, on stderr."""
    for finding in findings:
        ERR.print(place_finding(finding, file), markup=False, highlight=False, soft_wrap=True)


def place_finding(finding: Finding, file: str) -> str:
    """A finding as one line that editors can follow."""
    label = "warning: " if finding.severity == "warning" else ""
    if not file:
        return f"  {label}{finding}"
    numbers = [str(number) for number in (finding.line, finding.column) if number]
    return f"{':'.join([file, *numbers])}: {label}{replace(finding, line=0)}"


def _refuse(error: BaseException) -> int:
    from cyclopts import CycloptsError

    match error:
        case CycloptsError():
            say_error(_usage_sentence(error))
            return BAD_INPUT
        case GristmillError():
            say_error(_sentence(error))
            notes = getattr(error, "__notes__", [""])
            show_findings(getattr(error, "findings", ()), notes[0])
            return BAD_INPUT if isinstance(error, BadInputError) else _code_of(error)
        case KeyboardInterrupt():
            return STOPPED
        case OSError():
            say_error(_os_sentence(error))
            return BAD_INPUT
        case _:
            say_error(f"Something is wrong in Gristmill itself. The details are in {_keep_traceback(error)}")
            return BROKEN


def _sentence(error: GristmillError) -> str:
    """What is said of a refusal, with the option that the shell has for what it asks."""
    text, option = str(error), getattr(error, "at_shell", "")
    return f"{text.removesuffix('.')} ({option})." if option else text


def _usage_sentence(error: "CycloptsError") -> str:
    # "Unused Tokens: ['x']." says nothing to somebody who does not know how command lines are read.
    is_left_over = type(error).__name__ == "UnusedCliTokensError"
    words = f"Nothing takes {shlex.join(error.unused_tokens or [])} here." if is_left_over else str(error)
    verb = " ".join(error.command_chain or ())
    return f"{words} See: {' '.join(['gristmill', verb, '--help'] if verb else ['gristmill', '--help'])}"


def _code_of(error: GristmillError) -> int:
    refusals = {"not_found", "wrong_state"}
    return BAD_INPUT if error.code in refusals else FAILED


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        known = [inner for inner in error.exceptions if isinstance(_innermost(inner), GristmillError)]
        error = (known or list(error.exceptions))[0]
    return error


def _os_sentence(error: OSError) -> str:
    reason = (error.strerror or str(error)).rstrip(".")
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def _keep_traceback(error: BaseException) -> Path:
    path = Path(tempfile.gettempdir()) / f"gristmill-{time.strftime('%Y%m%d-%H%M%S')}.log"
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return path
