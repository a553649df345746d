"""Texts that say nearly the same have nearly the same signature, wherever it is made."""

from gristmill.datasets import NearSet, StandingRecords
from gristmill.recipes import compile_template, fingerprints_of
from gristmill.recipes.likeness import shingles_of, signature_of
from support.templates import one_step

TEXT = (
    "How long does the battery of the green bicycle last when it is ridden uphill in the rain with two heavy bags on it"
)
OTHER = (
    "Which colours are there of the small tea pot, and can it go into the dish washer without losing its glaze or shine"
)


def test_a_signature_is_the_same_for_ever() -> None:
    # Made elsewhere or by another version, it must not differ: records of one job are compared by it.
    signature = signature_of([TEXT])
    assert len(signature) == 64
    assert signature[:2] == (10147391983018117743, 14901289779938762982)


def test_shingles_are_words_and_pairs_without_case_signs_of_prose_and_width() -> None:
    assert shingles_of("Hello, WORLD! x+y") == ["hello", "world", "x", "+", "y", "hello world", "world x", "x +", "+ y"]
    assert shingles_of("\uff28i") == ["hi"]
    assert shingles_of("\u4f60\u597d") == ["\u4f60", "\u597d", "\u4f60 \u597d"]
    assert shingles_of(" ?! ") == ["?!"]
    assert shingles_of("\ud800") == ["?"]


def test_a_word_changed_in_a_long_text_is_near_and_another_text_is_not() -> None:
    near = NearSet(0.8)
    near.add(signature_of([TEXT]))
    assert near.has_like(signature_of([TEXT.upper() + "?"]))
    assert near.has_like(signature_of([TEXT.replace("green", "blue")]))
    assert not near.has_like(signature_of([OTHER]))
    assert not NearSet(1.0).has_like(signature_of([TEXT]))


def test_many_texts_are_found_by_their_edited_copies_and_by_nothing_else() -> None:
    near = NearSet(0.85)
    texts = [" ".join(f"{chr(97 + i % 26)}{i * j % 997}" for j in range(1, 60)) for i in range(1, 500)]
    for text in texts:
        near.add(signature_of([text]))
    assert all(near.has_like(signature_of([f"changed {text.split(' ', 1)[1]}"])) for text in texts)
    assert not any(near.has_like(signature_of([f"{text[::-1]}"])) for text in texts[:50])


def test_what_stands_is_told_apart_as_exact_and_near() -> None:
    source = one_step() + "record: {a: 1, b: 2}\nchecks: [{distinct: [b], similarity: 0.8}, {unique: a}]"
    recipe = compile_template(source)
    assert (recipe.uniques, recipe.similarities, recipe.is_distinct) == (1, (0.8,), True)
    standing = StandingRecords(uniques=recipe.uniques, similarities=recipe.similarities)
    standing.add(fingerprints_of(recipe, {"a": 1, "b": TEXT}))
    found = [
        standing.find_like(fingerprints_of(recipe, {"a": a, "b": b})) for a, b in [(1, OTHER), (2, TEXT), (2, OTHER)]
    ]
    assert found == ["duplicate", "near_duplicate", None]
