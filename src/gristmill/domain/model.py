"""A model as a job sees it: who answers, at what price, within which limits."""

from dataclasses import dataclass, field

from gristmill.domain.completion import ModelName
from gristmill.domain.pricing import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Fixed limits of a model, where it has any: tokens of context, calls in flight, requests and tokens a minute."""

    context: int | None = None
    max_in_flight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model with its price and limits, resolved once when the job is created and frozen into it."""

    name: ModelName
    price: Price
    limits: Limits = field(default_factory=Limits)
