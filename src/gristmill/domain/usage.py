"""Tokens as the provider reported them."""

from gristmill.domain.value import value


@value(frozen=True, slots=True, kw_only=True)
class Usage:
    """Token counts of calls: `cached` and `cache_written` are parts of `input`, `reasoning` of `output`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            cache_written=self.cache_written + other.cache_written,
            reasoning=self.reasoning + other.reasoning,
        )
