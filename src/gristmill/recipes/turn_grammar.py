"""Reads what a step says to its model: `system`, `prompt` and `examples`, or `messages`."""

import json
from collections.abc import Mapping
from typing import get_args

from gristmill.domain.completion import Role
from gristmill.recipes.document import Listing, Node, Scalar, Table, plain
from gristmill.recipes.findings import did_you_mean
from gristmill.recipes.limits import EXAMPLE_KEYS, MESSAGE_KEYS
from gristmill.recipes.reader import Reader
from gristmill.recipes.recipe import Step, Turn, Unparsable
from gristmill.recipes.replies import parse_reply
from gristmill.recipes.texts import Text

_ROLES: tuple[Role, ...] = get_args(Role)
_OPENINGS = ("{{", "{%", "{#")


def read_turns(reader: Reader, step: Step, fields: Mapping[str, Node], path: str) -> tuple[Turn, ...]:
    """The step's turns in the order they are sent: system, examples and prompt, or the messages as they stand."""
    if "messages" in fields:
        _refuse_beside_messages(reader, fields, path)
        return _read_messages(reader, fields["messages"], f"{path}.messages")
    turns = []
    if "system" in fields and (system := reader.text(fields["system"], f"{path}.system")):
        turns.append(Turn(role="system", text=system))
    if "examples" in fields:
        turns += _read_examples(reader, step, fields["examples"], f"{path}.examples")
    if "prompt" in fields and (prompt := reader.text(fields["prompt"], f"{path}.prompt")):
        turns.append(Turn(role="user", text=prompt))
    return tuple(turns)


def _refuse_beside_messages(reader: Reader, fields: Mapping[str, Node], path: str) -> None:
    for key, role in (("system", "system"), ("prompt", "user"), ("examples", "user and assistant")):
        if key in fields:
            message = f"A step has either messages or {key}."
            hint = f"Write it among the messages, with the role {role}."
            reader.wrong_value(fields[key], f"{path}.{key}", message, hint)


def _read_messages(reader: Reader, node: Node, path: str) -> tuple[Turn, ...]:
    items = reader.items(node, path)
    if isinstance(node, Listing) and not items:
        reader.wrong_value(node, path, "There must be at least one message.")
    turns = [_read_message(reader, item, f"{path}[{number}]") for number, item in enumerate(items)]
    for number, (item, turn) in enumerate(zip(items, turns, strict=True)):
        if number and turn and turn.role == "system":
            message = "A system message stands first: many providers take it nowhere else."
            reader.wrong_value(item, f"{path}[{number}]", message)
    if turns and turns[-1] and turns[-1].role != "user":
        message = f"The last message must be the user's, not the {turns[-1].role}'s: the model answers it."
        hint = "Add {role: user, content: ...} at the end."
        reader.wrong_value(items[-1], f"{path}[{len(items) - 1}]", message, hint)
    return tuple(turn for turn in turns if turn is not None)


def _read_message(reader: Reader, node: Node, path: str) -> Turn | None:
    fields = _read_pair(reader, node, path, MESSAGE_KEYS)
    if fields is None:
        return None
    role = _read_role(reader, fields["role"], f"{path}.role")
    content = reader.text(fields["content"], f"{path}.content")
    return Turn(role=role, text=content) if role and content else None


def _read_role(reader: Reader, node: Node, path: str) -> Role | None:
    word = reader.string(node, path)
    role = next((known for known in _ROLES if known == word), None)
    if word is not None and role is None:
        hint = did_you_mean(word, _ROLES) or f"Write {', '.join(_ROLES[:-1])} or {_ROLES[-1]}."
        reader.wrong_value(node, path, f"There is no role {word[:80]!r}.", hint)
    return role


def _read_examples(reader: Reader, step: Step, node: Node, path: str) -> list[Turn]:
    items = reader.items(node, path)
    if isinstance(node, Listing) and not items:
        reader.wrong_value(node, path, "There must be at least one example.")
    turns: list[Turn] = []
    for number, item in enumerate(items):
        fields = _read_pair(reader, item, f"{path}[{number}]", EXAMPLE_KEYS)
        if fields is None:
            continue
        prompt = reader.text(fields["prompt"], f"{path}[{number}].prompt")
        reply = _read_reply(reader, step, fields["reply"], f"{path}[{number}].reply")
        if prompt and reply:
            turns += [Turn(role="user", text=prompt), Turn(role="assistant", text=reply)]
    return turns


def _read_pair(reader: Reader, node: Node, path: str, keys: tuple[str, str]) -> Mapping[str, Node] | None:
    fields = reader.fields(node, path, keys)
    missing = [key for key in keys if key not in fields]
    for key in missing if isinstance(node, Table) else ():
        reader.missing(node, path, key)
    return None if missing else fields


def _read_reply(reader: Reader, step: Step, node: Node, path: str) -> Text | None:
    if isinstance(node, Scalar) and (isinstance(node.value, str) or step.schema is None):
        text = reader.text(node, path)
        # What is filled in later is known only then.
        if text is not None and not _is_filled_in(text.source):
            _check_reply(reader, step, text.source, node, path)
        return text
    if step.schema is None:
        message = "A step without an output schema replies with text."
        reader.wrong_value(node, path, message, "Write the reply as text, or give the step an `output` schema.")
        return None
    written = json.dumps(plain(node), ensure_ascii=False, separators=(",", ":"))
    if _is_filled_in(written):
        message = "Nothing is filled in within a reply that is written as a value."
        reader.wrong_value(node, path, message, "Write the whole reply as one text of JSON.")
        return None
    _check_reply(reader, step, written, node, path)
    return Text(source=written, path=path)


def _is_filled_in(source: str) -> bool:
    return any(opening in source for opening in _OPENINGS)


def _check_reply(reader: Reader, step: Step, reply: str, node: Node, path: str) -> None:
    parsed = parse_reply(step, reply)
    if isinstance(parsed, Unparsable):
        message = f"The step could not use this reply: {parsed.why}."
        reader.wrong_value(node, path, message, "Write one that its output schema allows." if step.schema else "")
