"""Which fields of a record make which format when the template does not say: the first row that fits wins."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gristmill.domain.json import Json, JsonObject

SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Target fields, the record's fields they come from, and those they take from it if it has them."""

    fields: Mapping[str, str]
    extra: Mapping[str, str]

    def fits(self, record: Collection[str]) -> bool:
        """Whether a record with these fields has all it needs."""
        return all(name in record for name in self.fields.values())

    def apply(self, record: JsonObject) -> JsonObject:
        """The target fields of this record; those it may lack are left out when it does."""
        needed: dict[str, Json] = {target: record.get(name) for target, name in self.fields.items()}
        return needed | {target: record[name] for target, name in self.extra.items() if name in record}


# Field of what is asked, field of what is answered, field of what the question is about.
EXCHANGES = (
    ("instruction", "output", "input"),
    ("instruction", "response", "input"),
    ("question", "answer", "context"),
    ("prompt", "completion", "context"),
    ("prompt", "response", "context"),
    ("prompt", "chosen", "context"),
)


def _exchange(asked: str, answered: str, about: str) -> Convention:
    return Convention(fields={"instruction": asked, "output": answered}, extra={"input": about, SYSTEM: SYSTEM})


def _preference(asked: str) -> Convention:
    return Convention(fields={"prompt": asked, "chosen": "chosen", "rejected": "rejected"}, extra={SYSTEM: SYSTEM})


MESSAGES = Convention(fields={"messages": "messages"}, extra={SYSTEM: SYSTEM, "tools": "tools"})
CONVERSATIONS = Convention(fields={"messages": "conversations"}, extra={SYSTEM: SYSTEM, "tools": "tools"})
ANSWERS = tuple(_exchange(*names) for names in EXCHANGES)
PREFERENCES = tuple(_preference(asked) for asked in ("prompt", "question", "instruction"))

CONVENTIONS: Mapping[str, tuple[Convention, ...]] = {
    "openai-chat": (MESSAGES, CONVERSATIONS, *ANSWERS),
    "sharegpt": (CONVERSATIONS, MESSAGES, *ANSWERS),
    "alpaca": ANSWERS,
    "dpo": PREFERENCES,
}


def find_convention(fmt: str, record: Collection[str]) -> Convention | None:
    """How records with these fields become this format, or None when nothing says so."""
    return next((one for one in CONVENTIONS[fmt] if one.fits(record)), None)
