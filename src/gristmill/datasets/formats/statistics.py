"""What a dataset's fields are like, counted as records pass: lengths of texts, and labels; in bounded memory."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gristmill.domain.json import Json, JsonObject

# More different values are no labels, and neither is a long text.
MOST_LABELS = 20
LONGEST_LABEL = 60
# Longer texts are counted by the hundred, which bounds the number of counters.
EXACT_LENGTH = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Characters of a field's texts; the middle ones are of texts that are there (nearest rank)."""

    count: int
    least: int
    median: int
    p95: int
    most: int


@dataclass(slots=True)
class FieldCounts:
    """Counts one field's values."""

    lengths: Counter[int] = field(default_factory=Counter)
    least: int = 0
    most: int = 0
    labels: Counter[str] | None = field(default_factory=Counter)

    def add(self, value: Json) -> None:
        """Count one value."""
        if isinstance(value, str):
            self._add_length(len(value))
        self._add_label(value)

    def _add_length(self, length: int) -> None:
        self.least = min(self.least, length) if self.lengths else length
        self.most = max(self.most, length)
        self.lengths[length if length < EXACT_LENGTH else length // 100 * 100] += 1

    def _add_label(self, value: Json) -> None:
        if self.labels is None or value is None:
            return
        label = _label(value)
        if label is None or (len(self.labels) == MOST_LABELS and label not in self.labels):
            self.labels = None
            return
        self.labels[label] += 1

    def summary(self) -> Lengths | None:
        """The lengths, or None when there was no text."""
        count = self.lengths.total()
        if not count:
            return None
        return Lengths(count=count, least=self.least, median=self._rank(0.5), p95=self._rank(0.95), most=self.most)

    def _rank(self, share: float) -> int:
        left = self.lengths.total() * share
        for length, times in sorted(self.lengths.items()):
            left -= times
            if left <= 0:
                return length
        return self.most


@dataclass(slots=True)
class Statistics:
    """Counts the fields of records; `add` each, then read."""

    fields: dict[str, FieldCounts]

    @classmethod
    def of(cls, names: Sequence[str]) -> "Statistics":
        """Counts of these fields, all at nothing."""
        return cls({name: FieldCounts() for name in names})

    def add(self, record: JsonObject) -> None:
        """Count one record."""
        for name, counts in self.fields.items():
            counts.add(record.get(name))

    def lengths(self) -> Iterator[tuple[str, Lengths]]:
        """The lengths of each field that holds texts."""
        for name, counts in self.fields.items():
            if (lengths := counts.summary()) is not None:
                yield name, lengths

    def labels(self) -> Iterator[tuple[str, Sequence[tuple[str, int]]]]:
        """The values of each field that has few, with how often they come, most frequent first."""
        for name, counts in self.fields.items():
            # Values that hardly repeat are no labels, however few there are.
            if counts.labels and counts.labels.total() >= 2 * len(counts.labels):
                yield name, counts.labels.most_common()


def _label(value: Json) -> str | None:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str() if len(value) <= LONGEST_LABEL:
            return value
        case _:
            return None
