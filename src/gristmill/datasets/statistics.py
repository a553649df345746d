"""What the fields of a job's records are like, counted while an index is made and kept in it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from gristmill.datasets.formats.statistics import FieldCounts, Lengths, Statistics
from gristmill.domain.json import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSummary:
    """One field: the lengths of its texts if it holds any, and its values with their numbers if they are labels."""

    lengths: Lengths | None
    labels: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary:
    """What the fields of so many standing records are like."""

    records: int
    fields: Mapping[str, FieldSummary]


class FieldStatistics:
    """Counts the fields of records, whatever they are called."""

    def __init__(self) -> None:
        self._records = 0
        self._counts = Statistics({})

    def add(self, record: JsonObject) -> None:
        """Count one record."""
        self._records += 1
        for name in record:
            if name not in self._counts.fields:
                self._counts.fields[name] = FieldCounts()
        self._counts.add(record)

    def summary(self) -> RecordSummary:
        """What was counted so far."""
        lengths, labels = dict(self._counts.lengths()), dict(self._counts.labels())
        return RecordSummary(
            records=self._records,
            fields={
                name: FieldSummary(lengths=lengths.get(name), labels=labels.get(name, ()))
                for name in self._counts.fields
            },
        )


def encode_summary(summary: RecordSummary) -> bytes:
    """The summary as JSON."""
    return orjson.dumps(asdict(summary))


def decode_summary(text: bytes) -> RecordSummary:
    """The summary that `encode_summary` was given."""
    kept = orjson.loads(text)
    return RecordSummary(
        records=kept["records"], fields={name: _field_of(field) for name, field in kept["fields"].items()}
    )


def _field_of(kept: Mapping[str, Any]) -> FieldSummary:
    lengths, labels = kept["lengths"], kept["labels"]
    return FieldSummary(
        lengths=Lengths(**lengths) if lengths else None, labels=tuple((label, times) for label, times in labels)
    )
