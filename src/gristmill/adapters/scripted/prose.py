"""Sentences about what a prompt is about: plain, different for different prompts, and always the same for one."""

import random
import re

from gristmill.domain.completion import Message

OPENERS = (
    "How do I set up {subject}",
    "Can I return {subject}",
    "Does {subject} come with a warranty",
    "What should I do when {subject} stops working",
    "Is {subject} right for me",
    "How long does {subject} last",
    "Which parts of {subject} can be replaced",
    "How do I clean {subject}",
    "Can two people share {subject}",
    "What makes {subject} better than an older one",
)
CASES = (
    "if I use it for {count} hours a day",
    "after {count} days of use",
    "when I order {count} of them",
    "in a room of {count} square metres",
    "if I bought it {count} weeks ago",
    "with {count} guests in the house",
    "when it is {count} degrees outside",
    "for a group of {count} people",
)
STATEMENTS = (
    "{subject} is made for this, and the {detail} is the part to look at first.",
    "Give it about {count} minutes and check the {detail} before you go on.",
    "Most people who own {subject} find that the {detail} matters more than they expected.",
    "If that does not help, write to us and mention the {detail}; we answer within {count} hours.",
    "You can use {subject} for {count} months before the {detail} needs any care.",
    "We tested {subject} {count} times with the {detail}, and it held.",
)

_QUOTED = re.compile(r"[\"“«]([^\"”»\n]{3,60})[\"”»]")
_NAME = re.compile(r"(?<=[a-z,:;(] )[A-Z][\w'’-]*(?: (?:[A-Z][\w'’-]*|\d+))*")
_WORD = re.compile(r"[a-z]{5,}")
_COMMON_WORDS = """
about above after again answer asked being below between could customer during easily every first following given their
there these thing things those under until using which while whole within without would write question questions
sentence sentences please should short one-line product reply record formal friendly terse medium support agent
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def subject_of(messages: tuple[Message, ...]) -> str:
    """What the conversation is about: a quoted text or a capitalised name in its user messages, or a long word."""
    text = next((message.content for message in messages if message.role == "user"), "")
    if quoted := _QUOTED.search(text):
        return quoted[1]
    names: list[str] = _NAME.findall(text)
    if names:
        return max(names, key=len)
    return next(iter(details_of(messages)), "it")


def details_of(messages: tuple[Message, ...]) -> list[str]:
    """The words a prompt is made of, without common ones, in the order in which they come."""
    text = " ".join(message.content for message in messages if message.role == "user").lower()
    return [word for word in dict.fromkeys(_WORD.findall(text)) if word not in _COMMON]


class Writer:
    """Writes about one prompt, by the chance it is given."""

    def __init__(self, messages: tuple[Message, ...], chance: random.Random) -> None:
        self._subject = subject_of(messages)
        self._details = details_of(messages) or ["rest"]
        self._chance = chance

    def question(self) -> str:
        """One question that names the subject."""
        opener, case = self._chance.choice(OPENERS), self._chance.choice(CASES)
        return self._fill(f"{opener} {case}?")

    def sentences(self, count: int) -> str:
        """So many different sentences, the first of which names the subject; at most as many as there are."""
        first, *others = STATEMENTS
        chosen = [first, *self._chance.sample(others, min(count - 1, len(others)))]
        return " ".join(self._fill(one) for one in chosen)

    def phrase(self) -> str:
        """A few words."""
        return self._fill("{subject} and the {detail}")

    def _fill(self, pattern: str) -> str:
        detail, count = self._chance.choice(self._details), self._chance.randint(2, 99)
        filled = pattern.format(subject=self._subject, detail=detail, count=count)
        return filled[0].upper() + filled[1:]
