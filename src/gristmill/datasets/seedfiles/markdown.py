"""What of Markdown matters for passages: which lines are headings, and beneath which of them a text stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice

# Lines within which the front matter of a page has to end.
FRONT_LINES = 200

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?")
_CLOSING = re.compile(r"(?:^|[ \t]+)#+$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*\n?")
# A list, a quotation, a table or code: a line below one of these underlines nothing.
_NO_TITLE = re.compile(r" {0,3}(?:[-*+>|]|\d+[.)]\s)|\t| {4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text, the number of the section it is in, and the headings above it from the outermost in."""

    text: str
    section: int = 0
    headings: tuple[str, ...] = ()

    def with_text(self, text: str) -> "Piece":
        """Another stretch of the same section."""
        return replace(self, text=text)


def sections(lines: Iterator[str]) -> Iterator[Piece]:
    """The lines of a page below their headings; without the headings' own, and without the front matter."""
    page = _Page()
    for line in _without_front_matter(lines):
        yield from page.read(line)
    yield from page.release()


@dataclass(slots=True)
class _Page:
    """Where in a page the reader stands; `held` is a paragraph's first line, which the next one may underline."""

    number: int = 0
    trail: dict[int, str] = field(default_factory=dict)
    fence: str = ""
    held: str = ""
    is_fresh: bool = True

    def read(self, line: str) -> Iterator[Piece]:
        """What is known to be text once this line is read."""
        mark = _FENCE.match(line)
        if self.fence:
            closes = mark and mark[1].startswith(self.fence) and not line[mark.end() :].strip()
            self.fence = "" if closes else self.fence
            yield self.piece(line)
        elif self.held and (underline := _UNDERLINE.fullmatch(line)):
            self.enter(1 if "=" in underline[1] else 2, self.held.strip())
        elif not mark and (heading := _HEADING.fullmatch(line.rstrip())):
            yield from self.release()
            self.enter(len(heading[1]), _CLOSING.sub("", heading[2] or "").strip())
        else:
            yield from self.release()
            self.fence = mark[1] if mark else ""
            yield from self.take(line)

    def take(self, line: str) -> Iterator[Piece]:
        """The line, unless it is held back."""
        may_be_title = self.is_fresh and not self.fence and line.strip() and not _NO_TITLE.match(line)
        self.is_fresh = not line.strip()
        if may_be_title:
            self.held = line
        else:
            yield self.piece(line)

    def enter(self, level: int, title: str) -> None:
        """Begin a section."""
        self.trail = {above: name for above, name in self.trail.items() if above < level} | {level: title}
        self.number += 1
        self.held = ""
        self.is_fresh = True

    def release(self) -> Iterator[Piece]:
        """The line held back: it is text after all."""
        if self.held:
            yield self.piece(self.held)
        self.held = ""

    def piece(self, line: str) -> Piece:
        return Piece(text=line, section=self.number, headings=tuple(filter(None, self.trail.values())))


def _without_front_matter(lines: Iterator[str]) -> Iterator[str]:
    """The lines after what lies between `---` in the first line and the next such line."""
    first = list(islice(lines, FRONT_LINES))
    marks = [i for i, line in enumerate(first) if line.rstrip() == "---"]
    has_front = marks[:1] == [0] and len(marks) > 1
    return chain(first[marks[1] + 1 :] if has_front else first, lines)
