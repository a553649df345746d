"""The lines of trainers' formats, each checked: what a trainer would stumble over is refused here."""

from gristmill.datasets.formats.conventions import SYSTEM
from gristmill.datasets.formats.conversations import (
    SHAREGPT_ROLES,
    check_order,
    read_messages,
    require_text,
    said_by,
)
from gristmill.domain.json import Json, JsonObject
from gristmill.errors import UnfitRecordError

# The keys of a line, in order.
KEYS = {
    "openai-chat": ("messages", "tools"),
    "sharegpt": ("conversations",),
    "alpaca": ("instruction", "input", "output", "system"),
    "dpo": ("prompt", "chosen", "rejected"),
}


def line_of(fmt: str, fields: JsonObject) -> JsonObject:
    """One line of this format from its fields, or from those of a convention. Raises UnfitRecordError."""
    match fmt:
        case "openai-chat":
            return _chat(fields)
        case "sharegpt":
            return _sharegpt(fields)
        case "alpaca":
            return _alpaca(fields)
        case _:
            return _dpo(fields)


def _chat(fields: JsonObject) -> JsonObject:
    messages = _conversation(fields)
    return {"messages": messages, "tools": fields["tools"]} if fields.get("tools") else {"messages": messages}


def _sharegpt(fields: JsonObject) -> JsonObject:
    turns: list[Json] = []
    for index, message in enumerate(_conversation(fields)):
        role = str(message["role"])
        if role not in SHAREGPT_ROLES or message.get("tool_calls"):
            raise UnfitRecordError(f"conversations[{index}] is about tools, for which sharegpt has no role")
        turns.append({"from": SHAREGPT_ROLES[role], "value": message["content"]})
    return {"conversations": turns}


def _conversation(fields: JsonObject) -> list[JsonObject]:
    """The messages, with the system's before all others if a field has it."""
    name = next((name for name in ("messages", "conversations") if name in fields), None)
    messages = _exchange(fields) if name is None else read_messages(fields[name], name)
    if system := _system(fields):
        messages = [*system, *(message for message in messages if message["role"] != "system")]
    check_order(messages, name or "messages")
    return messages


def _exchange(fields: JsonObject) -> list[JsonObject]:
    asked = require_text(fields["instruction"], "what is asked")
    about = fields.get("input")
    if about:
        asked = f"{asked}\n\n{require_text(about, 'what it is about')}"
    return [said_by("user", asked), said_by("assistant", require_text(fields["output"], "what is answered"))]


def _system(fields: JsonObject) -> list[JsonObject]:
    system = fields.get(SYSTEM)
    return [said_by("system", require_text(system, SYSTEM))] if system else []


def _alpaca(fields: JsonObject) -> JsonObject:
    about = fields.get("input") or ""
    line: dict[str, Json] = {
        "instruction": require_text(fields["instruction"], "instruction"),
        "input": require_text(about, "input") if about else "",
        "output": require_text(fields["output"], "output"),
    }
    if SYSTEM in fields:
        # Every line has it or none, or a loader finds two kinds of lines.
        system = fields[SYSTEM]
        line[SYSTEM] = require_text(system, SYSTEM) if system else ""
    return line


def _dpo(fields: JsonObject) -> JsonObject:
    """Text throughout, or messages throughout: a list in any field, or a system field, makes all of them messages."""
    values = {key: fields[key] for key in KEYS["dpo"]}
    if SYSTEM not in fields and not any(isinstance(value, list | tuple) for value in values.values()):
        return {key: require_text(value, key) for key, value in values.items()}
    prompt = [*_system(fields), *_said(values["prompt"], "prompt", "user")]
    check_order(prompt, "prompt", last="user")
    return {"prompt": prompt, **{key: _reply(values[key], key) for key in ("chosen", "rejected")}}


def _reply(value: Json, name: str) -> list[JsonObject]:
    messages = _said(value, name, "assistant")
    check_order(messages, name, after="user")
    return messages


def _said(value: Json, name: str, role: str) -> list[JsonObject]:
    if isinstance(value, list | tuple):
        return read_messages(value, name)
    return [said_by(role, require_text(value, name))]
