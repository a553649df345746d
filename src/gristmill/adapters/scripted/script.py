"""How a scripted model behaves, as its name says."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from gristmill.domain.completion import ModelName
from gristmill.errors import UnknownModelError

PREFIX = "scripted:"

# 429, 500 and 503 are refusals by status; `reset` breaks the connection; `stall` answers nothing until the call's
# timeout; `garbage` is a reply that is not what was asked; `length` one that is cut off.
FAULTS = ("429", "500", "503", "reset", "stall", "garbage", "length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Latency in seconds, shares of calls that fail by fault, and the seed of the chance by which they do.

    Another seed also writes other replies.
    """

    latency: float = 0.0
    retry_after: float = 1.0
    seed: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)


SCRIPTS: Mapping[str, Script] = {
    "demo": Script(),
    "slow": Script(latency=1.0),
    "flaky": Script(latency=0.02, retry_after=0.1, faults={"429": 0.05, "500": 0.02, "garbage": 0.02}),
}


def read_script(name: ModelName) -> Script:
    """The script a name stands for: `scripted:SCRIPT?latency=0.05&429=0.1&retry_after=1&seed=7`.

    What follows the question mark goes on top of the script: settings of Script, and faults with their shares.
    Raises UnknownModelError for any other word.
    """
    chosen, _, settings = name.removeprefix(PREFIX).partition("?")
    if chosen not in SCRIPTS:
        raise UnknownModelError(f"There is no scripted model {chosen!r}. There are {', '.join(SCRIPTS)}.")
    script = SCRIPTS[chosen]
    for word, text in parse_qsl(settings, keep_blank_values=True):
        script = _with_setting(script, word, text)
    if sum(script.faults.values()) > 1:
        raise UnknownModelError(f"The faults of {name!r} are more than all of its calls.")
    return script


def _with_setting(script: Script, word: str, text: str) -> Script:
    try:
        if word in FAULTS:
            return replace(script, faults={**script.faults, word: _share(text)})
        match word:
            case "seed":
                return replace(script, seed=int(text))
            case "latency":
                return replace(script, latency=_seconds(text))
            case "retry_after":
                return replace(script, retry_after=_seconds(text))
            case _:
                known = ", ".join(("latency", "retry_after", "seed", *FAULTS))
                raise UnknownModelError(f"A scripted model has no setting {word!r}. It has {known}.")
    except ValueError as error:
        raise UnknownModelError(f"A scripted model cannot have {word}={text}: {error}.") from error


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise ValueError("seconds are a number from 0 on")
    return seconds


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError("a share is a number from 0 to 1")
    return share
