"""What the model's process is told at its start."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A model's file, the key callers must show, how many calls it takes at once, and tokens of context for each."""

    path: str
    api_key: str
    slots: int
    context: int
