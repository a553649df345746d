"""Messages as trainers take them: roles that follow one another sensibly, and text in each."""

from collections.abc import Mapping, Sequence

from gristmill.domain.json import Json, JsonObject
from gristmill.errors import UnfitRecordError

ROLES = {
    **{name: name for name in ("system", "user", "assistant", "tool")},
    "human": "user",
    "gpt": "assistant",
}
SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}

# Which role may follow which; "" is the beginning of a conversation.
FOLLOWS = {
    "": {"system", "user"},
    "system": {"user"},
    "user": {"assistant"},
    "assistant": {"user", "tool"},
    "tool": {"tool", "assistant"},
}
KINDS: Mapping[type, str] = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
}


def read_messages(value: Json, name: str) -> list[JsonObject]:
    """The messages as objects with `role` and `content`; those of ShareGPT (`from`, `value`) are taken too.

    Raises UnfitRecordError.
    """
    if not isinstance(value, list | tuple) or not value:
        raise UnfitRecordError(f"{name} must be a list of messages, not {_kind(value)}")
    return [_read_message(item, f"{name}[{index}]") for index, item in enumerate(value)]


def check_order(messages: Sequence[JsonObject], name: str, *, after: str = "", last: str = "assistant") -> None:
    """Raise UnfitRecordError unless each role may follow the one before it, and the last one is `last`."""
    before = after
    for index, message in enumerate(messages):
        role = str(message["role"])
        if role not in FOLLOWS[before]:
            place = f"after {before!r}" if before else "at the beginning"
            wanted = " or ".join(sorted(FOLLOWS[before]))
            raise UnfitRecordError(f"{name}[{index}] has the role {role!r} {place}, where {wanted} must stand")
        before = role
    if before != last:
        raise UnfitRecordError(f"{name} ends with the role {before!r}, not with {last!r}")


def require_text(value: Json, name: str) -> str:
    """The text. Raises UnfitRecordError for anything else, and for one without a character to read."""
    if not isinstance(value, str):
        raise UnfitRecordError(f"{name} must be a text, not {_kind(value)}")
    if not value.strip():
        raise UnfitRecordError(f"{name} is empty")
    return value


def said_by(role: str, content: str) -> JsonObject:
    """One message."""
    return {"role": role, "content": content}


def _read_message(item: Json, name: str) -> JsonObject:
    if not isinstance(item, Mapping):
        raise UnfitRecordError(f"{name} must be a message with role and content, not {_kind(item)}")
    role = item.get("role", item.get("from"))
    if not isinstance(role, str) or role not in ROLES:
        raise UnfitRecordError(f"{name} has the role {role!r}, not one of {', '.join(ROLES)}")
    content = item.get("content", item.get("value"))
    # A message that only calls tools says nothing.
    if not (content is None and item.get("tool_calls")):
        content = require_text(content, f"{name}.content")
    rest = {key: value for key, value in item.items() if key not in {"role", "from", "content", "value"}}
    return {"role": ROLES[role], "content": content, **rest}


def _kind(value: Json) -> str:
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return KINDS.get(type(value), "an object")
