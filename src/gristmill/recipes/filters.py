"""The filters of the template language beyond Jinja2's, and bounded versions of those of Jinja2's that grow text."""

import json
import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from jinja2 import Environment, Undefined, pass_environment
from jinja2 import filters as jinja

from gristmill.recipes.bounds import MAX_OUTPUT_CHARACTERS, bounded_text, check_method, check_size, measure, printed
from gristmill.recipes.work import WORK

# Rule of `truncate_tokens`: a run of letters and digits counts one token for every four characters begun, every other
# visible character one. Close to what byte-pair encodings make of English prose; never used for money.
_TOKENS = r"(?:\s*+(?:[^\W_]{1,4}+|[^\w\s]|_)){0,%d}"
_BLANK = re.compile(r"\s*")
# One set at the beginning lets the engine skip to the next mark.
_SENTENCE_END = re.compile(
    r"[.!?\u2026\u3002\uff01\uff1f](?:(?<=[\u3002\uff01\uff1f])|[.!?\u2026]*[\"'\u2019\u201d)\]]*(?=\s|$))"
)

# All that `format` reads.
_DIRECTIVE = re.compile(r"%(?:\((?P<name>\w+)\))?[-#0 +]*(?P<width>\d*)(?:\.(?P<precision>\d*))?[diouxXeEfFgGcrsa%]")

# Left out: what gives other text each time, and what is meant for HTML.
REMOVED = ("random", "safe", "escape", "e", "forceescape", "urlize", "xmlattr", "pprint", "filesizeformat")


def truncate_tokens(value: object, count: int) -> str:
    """The beginning of the text that has at most `count` tokens by the rule above, cut between words."""
    text = printed(value)
    # A token covers at least one character, so a text this short needs no counting.
    if len(text) <= count:
        return text
    end = _first_tokens(max(count, 0))(text)
    beyond = end + len(_BLANK.match(text, end)[0])  # type: ignore[index] # it matches everywhere
    if beyond == len(text):
        return text
    if beyond == end and text[end].isalnum():
        while end and text[end - 1].isalnum():
            end -= 1
    return text[:end].rstrip()


@lru_cache(maxsize=256)
def _first_tokens(count: int) -> Callable[[str], int]:
    """What tells where the first `count` tokens of a text end, in one match: a loop over them costs five times more."""
    pattern = re.compile(_TOKENS % count)
    return lambda text: match.end() if (match := pattern.match(text)) else 0


def first_words(value: object, count: int) -> str:
    """The first `count` words of the text, as written."""
    text = printed(value)
    parts = text.split(None, max(count, 0))
    return text[: len(text) - len(parts[count])].strip() if 0 <= count < len(parts) else text.strip()


def first_sentences(value: object, count: int) -> str:
    """The first `count` sentences of the text, as written; one ends at . ! ? or their like before a space."""
    if count < 1:
        return ""
    text = printed(value)
    last = next(islice(_SENTENCE_END.finditer(text), count - 1, None), None)
    return text[: last.end()].strip() if last else text.strip()


def split_sentences(text: str) -> list[str]:
    """Every sentence of the text, as written, told apart as `sentences` does."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    parts = (text[start:end].strip() for start, end in pairwise([0, *ends, len(text)]))
    return [part for part in parts if part]


def as_json(value: object, indent: int | None = None) -> str:
    """The value as JSON, its characters as they are."""
    if isinstance(value, Undefined):
        str(value)
    measure(value)
    if indent is None:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    check_size(indent * 1024)
    # Each line has the margin of all that it stands within.
    encoder = json.JSONEncoder(ensure_ascii=False, indent=indent, allow_nan=False)
    return bounded_text(WORK.count(encoder.iterencode(value)))


def slug(value: object) -> str:
    """The text in lower case ASCII letters and digits, with a hyphen for everything between."""
    ascii_text = unicodedata.normalize("NFKD", printed(value)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")


def dedent(value: object) -> str:
    """The text without the margin that all its lines share."""
    return textwrap.dedent(printed(value))


def _center(value: object, width: int = 80) -> str:
    check_size(width)
    return printed(value).center(width)


def _indent(value: object, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 (Jinja2's own signature)
    text = printed(value)
    check_size(len(text) + (text.count("\n") + 1) * (width if isinstance(width, int) else len(width)))
    return jinja.do_indent(text, width, first=first, blank=blank)


def _replace(value: object, old: str, new: str, count: int = -1) -> str:
    text = printed(value)
    check_method(text, "replace", (old, new))
    return text.replace(printed(old), printed(new), count)


@pass_environment
def _join(
    environment: Environment, values: Iterable[Any], separator: str = "", attribute: str | int | None = None
) -> str:
    found = values if attribute is None else map(jinja.make_attrgetter(environment, attribute), values)
    return join_texts(separator, found)


def join_texts(separator: str, values: Iterable[Any]) -> str:
    """The values as text with the separator between them. Raises TemplateTooExpensiveError."""
    texts = [printed(value) for value in islice(values, MAX_OUTPUT_CHARACTERS)]
    check_size(sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


def _format(value: object, *args: object, **kwargs: object) -> str:
    template = printed(value)
    if "%" in _DIRECTIVE.sub("", template):
        raise ValueError("`format` knows directives such as %s, %d, %(name)s and %8.2f; write a percent sign as %%")
    texts = {name: len(printed(arg)) for name, arg in kwargs.items()}
    size = len(template) + sum(len(printed(arg)) for arg in args)
    for directive in _DIRECTIVE.finditer(template):
        size += texts.get(directive["name"] or "", 0)
        # No more digits than tell that it is too much.
        size += int(directive["width"][:9] or 0) + int((directive["precision"] or "")[:9] or 0)
    check_size(size)
    return template % (kwargs or args)


def _batch(values: Iterable[Any], size: int, fill: object = None) -> list[list[Any]]:
    check_size(size)
    return list(jinja.do_batch(values, size, fill))


def _slice(values: Iterable[Any], parts: int, fill: object = None) -> list[list[Any]]:
    check_size(parts)
    return list(jinja.sync_do_slice(list(values), parts, fill))


FILTERS: Mapping[str, Callable[..., Any]] = {
    "truncate_tokens": truncate_tokens,
    "words": first_words,
    "sentences": first_sentences,
    "json": as_json,
    "tojson": as_json,
    "slug": slug,
    "dedent": dedent,
    "string": printed,
    "center": _center,
    "indent": _indent,
    "replace": _replace,
    "join": _join,
    "format": _format,
    "batch": _batch,
    "slice": _slice,
}
