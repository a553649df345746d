"""Filters that look at English prose by documented rules: what it is about, and how it is written."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gristmill.recipes.bounds import printed
from gristmill.recipes.filters import split_sentences

# A word of these rules: letters and digits, with apostrophes and hyphens only inside.
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words that say nothing of what a text is about: articles, pronouns, prepositions, conjunctions, auxiliaries.
STOP_WORDS = _set(
    """
    a about above after again against all almost also although always am among an and another any anyone anything are
    around as at away back be became because become been before behind being below between both but by can cannot could
    did do does doing done down during each either else enough etc even ever every everyone everything few first for
    from further get gets getting go goes going got had has have having he her here hers herself him himself his how
    however i if in indeed instead into is it its itself just least less let like made make makes making many may maybe
    me might mine more most much must my myself near neither never next no nobody none nor not nothing now of off often
    on once one only onto or other others our ours ourselves out over own per perhaps put quite rather really same say
    says see seem seems several shall she should since so some someone something sometimes soon still such take than
    that the their theirs them themselves then there therefore these they thing things this those though through thus to
    together too toward towards two under until up upon us use used uses using very via was way we well were what
    whatever when where whether which while who whole whom whose why will with within without would yes yet you your
    yours yourself yourselves
    """
)

_PRONOUNS = _set("he how i it she that there they we what where who you let here")
_SLANG = _set(
    "awesome bro btw bye cool dude gonna gotta guys haha hey hi kinda lol nah ok okay omg oops pls sorta stuff thx"
    " wanna wow yay yeah yep yup"
)
_CONNECTIVES = _set(
    "accordingly consequently furthermore hence herein hereby however moreover nevertheless nonetheless notwithstanding"
    " pursuant regarding shall thereby therefore thus whereas"
)
_FIRST = _set("i me my mine myself we us our ours ourselves")
_SECOND = _set("you your yours yourself yourselves")

# The rules of `writing_style`, as shares of words and words a sentence.
PERSON_SHARE = 0.03
LONG_WORDS = 5.2
TERSE_WORDS = 8
VERBOSE_WORDS = 25


def keywords(value: object, count: int = 5) -> list[str]:
    """The words that come most often, in lower case; of those that come as often, the one that comes first.

    Stop words, single letters and plain numbers do not count.
    """
    counted = Counter(word for word in _words(printed(value)) if _tells(word))
    # Counter keeps the order of first appearance among equals.
    return [word for word, _ in counted.most_common(max(count, 0))]


def writing_style(value: object) -> str:
    """Labels of how a text is written, joined by commas: its register, and then what else is striking about it."""
    text = printed(value)
    words = list(_words(text))
    return ", ".join(_labels(text, words, split_sentences(text))) if words else ""


def _labels(text: str, words: Sequence[str], sentences: Sequence[str]) -> Iterator[str]:
    yield _register(text, words)
    length = len(words) / max(len(sentences), 1)
    if length <= TERSE_WORDS:
        yield "terse"
    elif length >= VERBOSE_WORDS:
        yield "verbose"
    if _share(words, _FIRST) >= PERSON_SHARE:
        yield "first-person"
    if _share(words, _SECOND) >= PERSON_SHARE:
        yield "second-person"
    if any("?" in sentence[-4:] for sentence in sentences):
        yield "questioning"
    if any("!" in sentence[-4:] for sentence in sentences):
        yield "exclamatory"


def _register(text: str, words: Sequence[str]) -> str:
    if "!!" in text or any(word in _SLANG or _is_contraction(word) for word in words):
        return "informal"
    is_learned = sum(map(len, words)) / len(words) >= LONG_WORDS
    return "formal" if is_learned or any(word in _CONNECTIVES for word in words) else "neutral"


def _is_contraction(word: str) -> bool:
    """Whether something is left out: don't, we're, it's; but not what belongs to somebody, as in Anna's."""
    stem, mark, ending = word.replace("\u2019", "'").rpartition("'")
    if ending == "s":
        return stem in _PRONOUNS
    return bool(mark) and ending in {"t", "re", "ve", "ll", "d", "m"}


def _share(words: Sequence[str], of: frozenset[str]) -> float:
    # I'm and we'll are of the first person too.
    return sum(word.replace("\u2019", "'").split("'")[0] in of for word in words) / len(words)


def _tells(word: str) -> bool:
    return len(word) > 1 and not word.isdecimal() and word not in STOP_WORDS and not _is_contraction(word)


def _words(text: str) -> Iterator[str]:
    return (word[0] for word in _WORD.finditer(text.lower()))


PROSE_FILTERS: Mapping[str, Callable[..., Any]] = {"keywords": keywords, "writing_style": writing_style}
