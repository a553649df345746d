"""Filters that look at prose, by the rules in docs/templates.md."""

import pytest

from gristmill.recipes.prose import keywords, writing_style


def test_keywords_are_the_most_frequent_words_and_the_first_of_equals() -> None:
    text = "The mug keeps coffee warm. A mug of coffee, a Mug of tea: it's the kettle's tea. I don't 2 2 2 know x x x."
    assert keywords(text, 4) == ["mug", "coffee", "tea", "keeps"]
    assert keywords(text, 1) == ["mug"]
    assert keywords(text, 0) == keywords(text, -1) == keywords("the of and", 3) == []
    assert "kettle's" in keywords(text, 99)


def test_keywords_are_five_unless_told_otherwise() -> None:
    assert keywords("one red blue green black white brown pink") == ["red", "blue", "green", "black", "white"]


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("", ""),
        ("...", ""),
        ("The cat sat on the mat near the old red door of the house.", "neutral"),
        ("Hey, gonna be late, sorry about that, the bus to town got stuck.", "informal"),
        ("It's late and the bus to town got stuck near the old red bridge.", "informal"),
        ("Anna's dog ran to the door of the old house and sat on the mat.", "neutral"),
        ("The results were, therefore, not what the team at the lab had seen.", "formal"),
        (
            "Comprehensive documentation accompanies every instrument, including those repaired yesterday.",
            "formal",
        ),
        ("Buy milk. Call mum. Fix bike.", "neutral, terse"),
        ("I took my coat and went to the town where we met her last year.", "neutral, first-person"),
        ("You take your coat and go to the town where she met him last year.", "neutral, second-person"),
        ("Where did the man with the red hat and the old dog go last night?", "neutral, questioning"),
        ("What a day it was for the man with the red hat and the old dog!", "neutral, exclamatory"),
        ("the cat " * 13, "neutral, verbose"),
    ],
)
def test_a_writing_style_is_what_the_rules_say(text: str, style: str) -> None:
    assert writing_style(text) == style
