"""What the texts of a template may mention while an attempt is made."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from gristmill.domain.ids import Slot
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.value import value

# In a path of names: every element of the list that the names before it lead to.
EACH = "[]"


def dotted(path: Iterable[str]) -> str:
    """A path of names as people write it: `product.reviews[].text`."""
    return ".".join(path).replace(f".{EACH}", EACH)


@value(frozen=True, slots=True, kw_only=True)
class Scope:
    """What prompts may mention: the seed row, the drawn values, and the outputs of steps that ran.

    A step that was skipped is not among the outputs. `frame` keys what filters draw: the one of `DrawKey`.
    """

    slot: Slot
    seed: JsonObject = field(default_factory=dict)
    values: JsonObject = field(default_factory=dict)
    outputs: Mapping[str, Json] = field(default_factory=dict)
    frame: str = ""

    def with_output(self, step: str, output: Json) -> "Scope":
        """The scope after a step ran."""
        outputs = {**self.outputs, step: output}
        return Scope(slot=self.slot, seed=self.seed, values=self.values, outputs=outputs, frame=self.frame)
