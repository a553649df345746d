"""What lies in a seed file: decompressed by its first bytes, decoded by its byte order mark, or refused."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

import pyarrow as pa

from gristmill.datasets.seedfiles.rows import MOST_ROW, SeedReading
from gristmill.errors import InvalidSeedsError, TooLargeError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"

# What is often taken for a seed file, by its first bytes.
FOREIGN = {
    PARQUET: "Parquet: name it .parquet",
    GZIP: "compressed twice: decompress it once",
    ZSTD: "compressed twice: decompress it once",
    b"PK\x03\x04": "a ZIP archive or an Excel file: save the sheet as CSV (UTF-8), or unpack the archive",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file: save it as CSV (UTF-8) or text",
    b"%PDF": "a PDF: save its text as .txt or .md",
    b"BZh": "compressed with bzip2: gzip and zstd are read",
    b"\xfd7zXZ\x00": "compressed with xz: gzip and zstd are read",
}

# The longer marks first: the one of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

LOOK_BYTES = 4096


def inner_name(name: str) -> str:
    """A file's name without the ending of its compression."""
    for ending in (".gz", ".gzip", ".zst", ".zstd"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


@contextmanager
def open_content(path: Path, reading: SeedReading) -> Iterator[io.BufferedReader]:
    """The file's bytes, decompressed when they begin as gzip or zstd do.

    Raises InvalidSeedsError and TooLargeError, also while they are read: no more is ever decompressed than is read.
    """
    with path.open("rb") as file:
        head = file.peek(4)
        try:
            content = _decompressed(file, head)
            limits = reading.limits
            yield content if limits is None else io.BufferedReader(_Bounded(content, limits.bytes))
        except (EOFError, zlib.error) as error:
            raise _damaged(path, error) from error
        except OSError as error:
            # The libraries that decompress give no errno; the disk does.
            if error.errno is not None:
                raise
            raise _damaged(path, error) from error


def _decompressed(file: io.BufferedReader, head: bytes) -> io.BufferedReader:
    if head.startswith(GZIP):
        return io.BufferedReader(_as_raw(gzip.GzipFile(fileobj=file)))
    if head.startswith(ZSTD):
        return io.BufferedReader(_as_raw(pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")))
    return file


class _Bounded(io.RawIOBase):
    """Another stream's bytes, and TooLargeError once there are more than may be."""

    def __init__(self, stream: io.BufferedReader, most: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = self._most = most

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """What comes next, as much as one read brings."""
        count = self._stream.readinto1(buffer)
        self._left -= count
        if self._left < 0:
            raise TooLargeError(f"The file holds more than {self._most:,} bytes once it is decompressed.")
        return count


def _as_raw(stream: object) -> io.RawIOBase:
    # Both have what a BufferedReader asks of a raw stream, though neither is one by its type.
    return stream  # type: ignore[return-value]


def _damaged(path: Path, error: Exception) -> InvalidSeedsError:
    reason = str(error).rstrip(".")
    return InvalidSeedsError(f"{path} is compressed and cut short or damaged ({reason}). Copy or compress it again.")


@contextmanager
def open_text(path: Path, reading: SeedReading, *, newline: str | None = None) -> Iterator[TextIO]:
    """The file's text. Bytes that are not UTF-8 come through as `surrogateescape` has them, for their row to be named.

    Raises InvalidSeedsError for what is no text, also while it is read.
    """
    with open_content(path, reading) as content:
        encoding = _encoding(path, content, reading)
        errors = "surrogateescape" if encoding.startswith("utf-8") else "strict"
        try:
            yield _wrapped(content, encoding, errors, newline)
        except UnicodeDecodeError as error:
            raise InvalidSeedsError(
                f"{path} is not text in {encoding} ({error.reason}). Save it as UTF-8, or name its encoding.",
                at_shell="--encoding cp1252",
            ) from error


def _wrapped(content: IO[bytes], encoding: str, errors: str, newline: str | None) -> TextIO:
    return io.TextIOWrapper(content, encoding=encoding, errors=errors, newline=newline)


def _encoding(path: Path, content: io.BufferedReader, reading: SeedReading) -> str:
    """The encoding that the first bytes show, or else the one that was named."""
    head = content.peek(LOOK_BYTES)
    for magic, words in FOREIGN.items():
        if head.startswith(magic):
            raise InvalidSeedsError(f"{path} is {words}.")
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    try:
        encoding = codecs.lookup(reading.encoding).name
    except LookupError as error:
        raise InvalidSeedsError(f"No encoding is named {reading.encoding!r}: write one such as cp1252.") from error
    if encoding == "utf-8":
        _refuse_wide(path, head)
    return encoding


def _refuse_wide(path: Path, head: bytes) -> None:
    """Raise InvalidSeedsError when every other byte is NUL, as in UTF-16 without its mark."""
    for encoding, zeros in (("utf-16-le", head[1:200:2]), ("utf-16-be", head[0:200:2])):
        if len(zeros) > 1 and not any(zeros):
            raise InvalidSeedsError(
                f"{path} looks like UTF-16 without a byte order mark."
                f" Save it as UTF-8, or name its encoding: {encoding}.",
                at_shell=f"--encoding {encoding}",
            )


def lines_of(text: TextIO) -> Iterator[str]:
    """The lines with their ends. One longer than MOST_ROW comes cut to a character more than that."""
    while line := text.readline(MOST_ROW + 1):
        yield line
        rest = line
        while len(rest) > MOST_ROW and not rest.endswith(("\n", "\r")):
            rest = text.readline(MOST_ROW + 1)
