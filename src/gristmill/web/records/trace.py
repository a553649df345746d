"""How a record came to be, as a page tells it: texts to read in place of the JSON that was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from gristmill.datasets.jsontext import from_json, plain_json
from gristmill.domain.call import Call
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.money import Spent
from gristmill.domain.usage import Usage
from gristmill.jobs.trace import Attempt, Trace

# What is longer is folded away: its beginning says enough.
LONG_CHARACTERS: Final = 700
LONG_LINES: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Something to read; JSON is set out over lines."""

    text: str
    is_json: bool = False

    @property
    def is_long(self) -> bool:
        """Whether it fills more than a part of a page."""
        return len(self.text) > LONG_CHARACTERS or self.text.count("\n") >= LONG_LINES


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a conversation."""

    role: str
    content: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShown:
    """A field by its name: a value to read, or a conversation where it is one."""

    name: str
    value: Text
    messages: Sequence[Message] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    """A call with what was said in it; no `reply` where it failed."""

    call: Call
    messages: Sequence[Message]
    reply: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptShown:
    """An attempt and its calls."""

    attempt: Attempt
    calls: Sequence[CallShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceShown:
    """A trace, and what all its calls add up to."""

    trace: Trace
    record: Sequence[FieldShown]
    seed: Sequence[FieldShown]
    values: Sequence[FieldShown]
    attempts: Sequence[AttemptShown]

    @property
    def calls(self) -> Sequence[Call]:
        """The calls of every attempt."""
        return [call for attempt in self.trace.attempts for call in attempt.calls]

    @property
    def spent(self) -> Spent:
        """What the slot cost in all."""
        return sum((call.spent for call in self.calls), Spent())

    @property
    def usage(self) -> Usage:
        """The tokens of all calls."""
        return sum((call.usage for call in self.calls), Usage())

    @property
    def milliseconds(self) -> int:
        """How long all calls took, one after another."""
        return sum(call.milliseconds for call in self.calls)

    @property
    def price_tables(self) -> Sequence[str]:
        """The tables that the calls were priced from."""
        return sorted({call.price_table for call in self.calls if call.price_table})


def show_trace(trace: Trace) -> TraceShown:
    """The trace as it is read."""
    return TraceShown(
        trace=trace,
        record=_fields(trace.last.record or {}),
        seed=_fields(trace.seed or {}),
        values=_fields(trace.last.values),
        attempts=[
            AttemptShown(attempt=attempt, calls=[_call(call) for call in attempt.calls]) for attempt in trace.attempts
        ],
    )


def _call(call: Call) -> CallShown:
    return CallShown(
        call=call,
        messages=_prompt(call.prompt),
        reply=None if call.reply is None else _reply(call.reply),
    )


def _prompt(prompt: str) -> Sequence[Message]:
    try:
        return _messages(from_json(prompt.encode("utf-8", "surrogatepass")))
    except ValueError:
        return [Message(role="prompt", content=Text(text=prompt))]


def _fields(record: JsonObject) -> Sequence[FieldShown]:
    return [FieldShown(name=name, value=_text(value), messages=_messages(value)) for name, value in record.items()]


def _messages(value: Json) -> Sequence[Message]:
    """The conversation that a value is, in the roles and contents that chat models know; nothing of any other."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    found = [one for one in value if isinstance(one, Mapping) and isinstance(one.get("role"), str)]
    if len(found) < len(value):
        return []
    return [Message(role=str(one["role"]), content=_text(_content(one))) for one in found]


def _content(message: Mapping[str, Json]) -> Json:
    """What a message says; one that says something besides is shown whole."""
    return message["content"] if set(message) == {"role", "content"} else dict(message)


def _reply(reply: str) -> Text:
    """A reply that is an object or a list is set out as one."""
    try:
        value = orjson.loads(reply) if reply.lstrip().startswith(("{", "[")) else reply
    except ValueError:
        return Text(text=reply)
    return _text(value)


def _text(value: Json) -> Text:
    if isinstance(value, str):
        return Text(text=value)
    if not isinstance(value, Mapping | Sequence):
        return Text(text=plain_json(value).decode())
    return Text(text=_set_out(value), is_json=True)


def _set_out(value: Json) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        # Numbers beyond 64 bits and the like.
        return plain_json(value).decode()
