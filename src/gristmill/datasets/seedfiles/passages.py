"""Text and Markdown as passages: parts of about one size that end where a paragraph, a sentence or a word ends."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from gristmill.datasets.seedfiles.markdown import Piece, sections
from gristmill.datasets.seedfiles.opening import open_text
from gristmill.datasets.seedfiles.rows import MOST_ROW, SeedReading, SeedRow
from gristmill.errors import InvalidSeedsError

# Where a passage may end, the better place first. Chinese and Japanese put no space after a sentence.
PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？][」』”]*\s*")
SPACE = re.compile(r"\s+")

PIECE = 1 << 16


def read_text(path: Path, reading: SeedReading, source: str) -> Iterator[SeedRow]:
    """The passages of a plain text. Raises InvalidSeedsError."""
    with open_text(path, reading) as text:
        yield from _rows(path, (Piece(text=line) for line in _lines(text)), reading, source)


def read_markdown(path: Path, reading: SeedReading, source: str) -> Iterator[SeedRow]:
    """The passages of a Markdown page: each within one heading, whose trail it names. Raises InvalidSeedsError."""
    with open_text(path, reading) as text:
        yield from _rows(path, sections(_lines(text)), reading, source)


def _lines(text: TextIO) -> Iterator[str]:
    """The lines; a long one in several pieces."""
    return iter(lambda: text.readline(PIECE), "")


def _rows(path: Path, pieces: Iterator[Piece], reading: SeedReading, source: str) -> Iterator[SeedRow]:
    for number, passage in enumerate(_passages(path, pieces, reading.split), 1):
        yield {"text": passage.text, "source": source, "passage": number, "heading": " > ".join(passage.headings)}


def _passages(path: Path, pieces: Iterator[Piece], size: int) -> Iterator[Piece]:
    rest = Piece(text="")
    for piece in pieces:
        if piece.section != rest.section:
            yield from _cut(rest, size, is_whole=True)
            rest = piece
            continue
        rest = rest.with_text(rest.text + piece.text)
        if len(rest.text) > size:
            *passages, rest = _cut(rest, size, is_whole=False)
            yield from passages
        if len(rest.text) > MOST_ROW:
            raise InvalidSeedsError(f"{path} has a word of more than {MOST_ROW:,} characters. Is it text?")
    yield from _cut(rest, size, is_whole=True)


def _cut(piece: Piece, size: int, *, is_whole: bool) -> Iterator[Piece]:
    """The passages of a stretch of text; its end, which may yet go on, comes last and as it is unless `is_whole`."""
    at = 0
    while (end := _end_of_passage(piece.text, at, size)) is not None:
        if passage := piece.text[at:end].strip():
            yield piece.with_text(passage)
        at = end
    rest = piece.text[at:]
    if not is_whole:
        yield piece.with_text(rest)
    elif rest.strip():
        yield piece.with_text(rest.strip())


def _end_of_passage(text: str, start: int, size: int) -> int | None:
    """Where the passage that begins there ends, or None when it is no longer than `size` or its end is not in sight.

    The last boundary of the best kind within its second half; failing all kinds, the first space beyond.
    """
    limit = start + size
    if len(text) <= limit:
        return None
    for boundary, least in ((PARAGRAPH, size // 2), (SENTENCE, size // 2), (SPACE, 0)):
        # One character more: the space that a boundary ends with is no part of the passage.
        found = (match.end() for match in boundary.finditer(text, start + least, limit + 1))
        ends = [end for end in found if start < end and (end <= limit or text[end - 1].isspace())]
        if ends:
            return ends[-1]
    beyond = SPACE.search(text, limit)
    return beyond.end() if beyond else None
