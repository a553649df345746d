"""What differs between two versions of a template: a unified diff, and its lines for two columns side by side."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from gristmill.domain.ids import TemplateId, UserId
from gristmill.domain.template import TemplateVersion
from gristmill.ports.templates import TemplateStore

CONTEXT = 3
# Comparing takes as long as lines times lines between the first and the last that differ: beyond this, all of them do.
MOST_COMPARED = 1_000_000

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_SIGNS = {"same": " ", "removed": "-", "added": "+"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line without its end, if it `ends`; `old` and `new` are its numbers, from 1, in the versions it stands in."""

    kind: Literal["same", "removed", "added"]
    text: str
    old: int | None = None
    new: int | None = None
    ends: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDiff:
    """`unified` is empty when nothing differs; `hunks` are its parts, each with three lines around what differs."""

    old: TemplateVersion
    new: TemplateVersion
    unified: str
    hunks: tuple[tuple[DiffLine, ...], ...]


async def diff_versions(template: TemplateId, old: int, new: int, owner: UserId, store: TemplateStore) -> TemplateDiff:
    """What differs between two versions of a template that the owner may read. Raises NotFoundError."""
    before = await store.read_version(owner, template, old)
    after = await store.read_version(owner, template, new)
    hunks = await asyncio.to_thread(compare, before.source, after.source)
    heads = (f"{before.name}@{before.version}", f"{after.name}@{after.version}")
    return TemplateDiff(old=before, new=after, unified=_unified(heads, hunks), hunks=hunks)


def compare(old: str, new: str) -> tuple[tuple[DiffLine, ...], ...]:
    """The hunks of two texts, in time bounded whatever they hold."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    lines = list(_lines(before, after))
    differs = [index for index, line in enumerate(lines) if line.kind != "same"]
    return tuple(tuple(lines[first:last]) for first, last in _spans(differs, len(lines)))


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[DiffLine]:
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    olds, news = len(before) - tail, len(after) - tail
    yield from _same(before, 0, 0, head)
    for kind, i, k, j, m in _changes(before[head:olds], after[head:news]):
        if kind == "equal":
            yield from _same(before, head + i, head + j, k - i)
        else:
            yield from (_line("removed", before[n], old=n) for n in range(head + i, head + k))
            yield from (_line("added", after[n], new=n) for n in range(head + j, head + m))
    yield from _same(before, olds, news, tail)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = zip(one, other, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _changes(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if len(before) * len(after) > MOST_COMPARED:
        return [("replace", 0, len(before), 0, len(after))]
    return SequenceMatcher(None, before, after).get_opcodes()


def _same(lines: Sequence[str], old: int, new: int, count: int) -> Iterator[DiffLine]:
    yield from (_line("same", lines[old + n], old=old + n, new=new + n) for n in range(count))


def _line(
    kind: Literal["same", "removed", "added"], text: str, *, old: int | None = None, new: int | None = None
) -> DiffLine:
    return DiffLine(
        kind=kind,
        text=text.removesuffix("\n"),
        old=None if old is None else old + 1,
        new=None if new is None else new + 1,
        ends=text.endswith("\n"),
    )


def _spans(differs: Sequence[int], end: int) -> Iterator[tuple[int, int]]:
    """Where hunks begin and end: changes with context around, joined where that would touch."""
    first = last = None
    for index in differs:
        if first is None or last is None:
            first = index
        elif index - last > 2 * CONTEXT + 1:
            yield max(first - CONTEXT, 0), last + CONTEXT + 1
            first = index
        last = index
    if first is not None and last is not None:
        yield max(first - CONTEXT, 0), min(last + CONTEXT + 1, end)


def _unified(heads: tuple[str, str], hunks: Sequence[Sequence[DiffLine]]) -> str:
    if not hunks:
        return ""
    return "".join([f"--- {heads[0]}\n+++ {heads[1]}\n", *map(_hunk_text, hunks)])


def _hunk_text(hunk: Sequence[DiffLine]) -> str:
    olds = [line.old for line in hunk if line.old is not None]
    news = [line.new for line in hunk if line.new is not None]
    head = f"@@ -{_range(olds)} +{_range(news)} @@\n"
    return head + "".join(f"{_SIGNS[line.kind]}{line.text}\n{_NO_END * (not line.ends)}" for line in hunk)


_NO_END = "\\ No newline at end of file\n"


def _range(numbers: Sequence[int]) -> str:
    return f"{numbers[0] if numbers else 0},{len(numbers)}"
