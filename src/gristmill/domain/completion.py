"""One call to a model: what is asked, and what came back."""

from dataclasses import dataclass
from typing import Literal, NewType

from gristmill.domain.usage import Usage
from gristmill.domain.value import value

ModelName = NewType("ModelName", str)

Role = Literal["system", "user", "assistant"]

# Why a reply ended: `length` is a truncated one, `filtered` one that the provider withheld.
FinishReason = Literal["stop", "length", "filtered"]


@value(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A JSON Schema an output must satisfy: its canonical text, and a name for providers that want one."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Parameters of a call; None leaves the provider's default."""

    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    timeout_seconds: float = 120.0


@value(frozen=True, slots=True, kw_only=True)
class Completion:
    """A call ready to be sent: nothing is added to it later but the fixed frame of the protocol."""

    model: ModelName
    messages: tuple[Message, ...]
    sampling: Sampling
    schema: Schema | None = None

    @property
    def max_tokens(self) -> int:
        """The most tokens the reply may have, hidden reasoning included; always sent."""
        return self.sampling.max_tokens


@value(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model answered; `usage` is None when the provider reported none."""

    text: str
    finish_reason: FinishReason
    usage: Usage | None
