"""What TRL says a dataset of each type is, written from its documentation (huggingface.co/docs/trl/dataset_formats)."""

from collections.abc import Mapping
from typing import Any

COLUMNS = {
    "language modeling": ({"messages"}, {"text"}),
    "preference": ({"prompt", "chosen", "rejected"},),
    "prompt-completion": ({"prompt", "completion"},),
}
ROLES = {"system", "user", "assistant"}


def is_conversational(value: Any) -> bool:
    """Whether a column's value is a list of messages with a role and a text."""
    return isinstance(value, list) and all(
        isinstance(message, dict)
        and set(message) == {"role", "content"}
        and message["role"] in ROLES
        and isinstance(message["content"], str)
        for message in value
    )


def type_and_format(example: Mapping[str, Any]) -> tuple[str, str]:
    """TRL's names for the type and the format of an example: `("preference", "standard")`. Fails when it is neither."""
    kind = next(kind for kind, sets in COLUMNS.items() if set(example) in sets)
    if all(isinstance(value, str) for value in example.values()):
        return kind, "standard"
    assert all(is_conversational(value) for value in example.values()), example
    if kind == "preference":
        assert example["prompt"][-1]["role"] == "user"
        assert example["chosen"][-1]["role"] == example["rejected"][-1]["role"] == "assistant"
    return kind, "conversational"
