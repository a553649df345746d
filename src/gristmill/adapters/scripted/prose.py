"""Sentences about what a prompt is about: plain, different for different prompts, and always the same for one."""

import random
import re
from collections.abc import Iterator

from gristmill.domain.completion import Message

OPENERS = (
    "How do I set up the {subject}",
    "Can I return the {subject}",
    "Does the {subject} come with a warranty",
    "What should I do when the {subject} stops working",
    "Is the {subject} right for me",
    "How long does the {subject} last",
    "Which parts of the {subject} can be replaced",
    "How do I clean the {subject}",
    "Can two people share the {subject}",
    "What makes the {subject} better than an older one",
)
CASES = (
    "if I use it for {count} minutes a day",
    "after {count} days of use",
    "when I order {count} of them",
    "in a room of {count} square metres",
    "if I bought it {count} weeks ago",
    "with {count} guests in the house",
    "when it is {count} degrees outside",
    "for a group of {count} people",
)
STATEMENTS = (
    "The {subject} is made for this, and the {detail} is the part to look at first.",
    "Give it about {count} minutes and check the {detail} before you go on.",
    "Most people who own the {subject} find that the {detail} matters more than they expected.",
    "If that does not help, write to us and mention the {detail}; we answer within {count} hours.",
    "You can use the {subject} for {count} months before the {detail} needs any care.",
    "We tested the {subject} {count} times with the {detail}, and it held.",
)

_LABELLED = re.compile(
    r"^(?:product|item|name|title|subject|topic|about)\s*:\s*(.{2,80})$", re.IGNORECASE | re.MULTILINE
)
_HEADING = re.compile(r"^([A-Z][\w'’-]*(?: (?:[A-Z][\w'’-]*|\d+))*): ")
_QUOTED = re.compile(r"[\"“«]([^\"”»\n]{3,60})[\"”»]")
_NAME = re.compile(r"(?<=[a-z,:;(] )[A-Z][\w'’-]*(?: (?:[A-Z][\w'’-]*|\d+))*")
_GIVEN = re.compile(r":\s+([A-Z][^:?!]{2,300}\.)\s*$")
_WORD = re.compile(r"[a-z]{5,}")
_COMMON_WORDS = """
about above after again answer asked being below between could customer during easily every first following given their
there these thing things those under until using which while whole within without would write question questions
sentence sentences please should short one-line product reply record formal friendly terse medium support agent
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def subject_of(text: str) -> str:
    """What a prompt is about: a labelled line, a heading, a quoted text, a capitalised name, or else a long word."""
    for pattern in (_LABELLED, _HEADING, _QUOTED):
        if found := pattern.search(text):
            return found[1].strip()
    names: list[str] = _NAME.findall(text)
    return max(names, key=len) if names else next(iter(details_of(text)), "thing")


def details_of(text: str) -> list[str]:
    """The longer words of a text, without common ones, in the order in which they come."""
    return [word for word in dict.fromkeys(_WORD.findall(text.lower())) if word not in _COMMON]


def matter_of(messages: tuple[Message, ...]) -> str:
    """The first user message from its last labelled line on: what stands before it are examples."""
    text = next((message.content for message in messages if message.role == "user"), "")
    labels = [found.start() for found in _LABELLED.finditer(text)]
    return text[labels[-1] :] if labels else text


def fact_of(text: str) -> str | None:
    """The sentences that a prompt ends with behind a colon: what it wants to be answered with. None without any."""
    found = _GIVEN.search(text)
    return found[1] if found else None


class Writer:
    """Writes about one prompt, by the chance it is given."""

    def __init__(self, messages: tuple[Message, ...], chance: random.Random) -> None:
        matter = matter_of(messages)
        self._subject = subject_of(matter)
        self._details = details_of(matter.replace(self._subject, "")) or ["rest"]
        self._chance = chance

    def question(self) -> str:
        """One question that names the subject."""
        opener, case = self._chance.choice(OPENERS), self._chance.choice(CASES)
        return self._fill(f"{opener} {case}?")

    def short_texts(self) -> Iterator[str]:
        """Texts of many shapes, for whoever wants one that follows a pattern."""
        for opener in self._chance.sample(OPENERS, len(OPENERS)):
            yield self._fill(f"{opener}?")
        detail, count = self._chance.choice(self._details), self._chance.randint(100, 999)
        yield from (self.phrase(), self._subject, detail, detail.capitalize(), detail.upper(), str(count))
        yield from (f"{detail}-{count}", f"{detail[:2].upper()}-{count}", f"{count / 10}", f"${count / 100}")

    def sentences(self, count: int) -> str:
        """So many different sentences, the first of which names the subject; at most as many as there are."""
        first, *others = STATEMENTS
        chosen = [first, *self._chance.sample(others, min(count - 1, len(others)))]
        return " ".join(self._fill(one) for one in chosen)

    def phrase(self) -> str:
        """A few words."""
        return self._fill("the {subject} and the {detail}")

    def _fill(self, pattern: str) -> str:
        detail, count = self._chance.choice(self._details), self._chance.randint(2, 99)
        filled = pattern.format(subject=self._subject, detail=detail, count=count)
        return filled[0].upper() + filled[1:]
