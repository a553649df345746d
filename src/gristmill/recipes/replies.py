"""From a model's reply to a step's output, or to words that help the model to do better."""

import re
from collections.abc import Iterator
from itertools import islice

import jsonschema_rs
import orjson

from gristmill.domain.completion import Message
from gristmill.domain.json import Json
from gristmill.recipes.recipe import Parsed, Step, Unparsable

# How much of what is wrong goes back to the model: enough to act on, little to pay for.
MAX_PROBLEMS = 3
MAX_PROBLEM_CHARACTERS = 200
# How many openings of an object are tried in a reply that is not JSON as it stands.
MAX_CANDIDATES = 8

_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"```[A-Za-z]*\s*\n(.*?)```", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


def parse_reply(step: Step, text: str) -> Parsed | Unparsable:
    """The step's output: the reply's text without surrounding space, or the JSON value its schema asks for.

    JSON may stand in a code fence or between sentences: models do that. Never raises.
    """
    if step.validator is None:
        stripped = text.strip()
        return Parsed(stripped) if stripped else Unparsable("the reply was empty")
    try:
        value = orjson.loads(text)
    except ValueError as error:
        found = next(_json_within(text), None)
        if found is None:
            return Unparsable(f"the reply is not valid JSON: {error}" if text.strip() else "the reply was empty")
        value = orjson.loads(found)
    return _validated(step.validator, value)


def repair_messages(messages: tuple[Message, ...], reply_text: str, why: str) -> tuple[Message, ...]:
    """The conversation gone on by the failed reply and a request to correct it."""
    ask = f"Your reply cannot be used: {why}.\nReply again, with the corrected answer only."
    return (
        *messages,
        # Some providers refuse a message without content.
        Message(role="assistant", content=reply_text if reply_text.strip() else "(no answer)"),
        Message(role="user", content=ask),
    )


def _validated(validator: jsonschema_rs.Validator, value: Json) -> Parsed | Unparsable:
    if validator.is_valid(value):
        return Parsed(value)
    problems = [words_of(error) for error in islice(validator.iter_errors(value), MAX_PROBLEMS)]
    return Unparsable("; ".join(problems))


def words_of(error: jsonschema_rs.ValidationError) -> str:
    """What a value breaks, and where, in few words."""
    place = ".".join(str(part) for part in error.instance_path)
    words = error.message
    if len(words) > MAX_PROBLEM_CHARACTERS:
        # The value comes first and the rule it breaks last: keep both ends.
        words = f"{words[:60]} ... {words[-120:]}"
    return f"at {place}: {words}" if place else words


def _json_within(text: str) -> Iterator[str]:
    """The parts of a reply that are JSON: what a fence holds, then what the first brackets enclose."""
    answer = _THINKING.sub("", text)
    candidates = [fence[1] for fence in _FENCE.finditer(answer)]
    candidates += _enclosed(answer)
    return filter(_is_json, candidates)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def _enclosed(text: str) -> Iterator[str]:
    at = 0
    for _ in range(MAX_CANDIDATES):
        opening = _OPENING.search(text, at)
        if opening is None:
            return
        end = _closing(text, opening.start())
        if end:
            yield text[opening.start() : end]
        at = end or opening.end()


def _closing(text: str, start: int) -> int:
    """Where the bracket at `start` is closed, or 0."""
    depth = 0
    for mark in _BRACKET.finditer(text, start):
        if mark[0] in "{[":
            depth += 1
        elif mark[0] in "}]":
            depth -= 1
            if depth == 0:
                return mark.end()
    return 0
