"""The filters beyond Jinja2's."""

import pytest

from gristmill.recipes.document import Scalar
from gristmill.recipes.filters import as_json, dedent, first_sentences, first_words, slug, truncate_tokens
from gristmill.recipes.findings import Findings, Spot
from gristmill.recipes.texts import Names, compile_text, render_text


@pytest.mark.parametrize(
    ("text", "count", "kept"),
    [
        ("one two three four", 3, "one two"),
        ("one two", 3, "one two"),
        ("internationalisation of it", 5, "internationalisation"),
        ("internationalisation of it", 4, ""),
        ("internationalisation, of it", 5, "internationalisation"),
        ("snake_case names", 4, "snake_case"),
        ("snake_case names", 3, "snake_"),
        ("a, b; c", 3, "a, b"),
        ("short", 0, ""),
        ("", 5, ""),
    ],
)
def test_truncate_tokens_cuts_between_words(text: str, count: int, kept: str) -> None:
    assert truncate_tokens(text, count) == kept


def test_words_and_sentences_keep_the_beginning_as_written() -> None:
    text = 'He said:  "No!"  Then he left. Dr. Who? Nobody'
    assert first_words(text, 3) == 'He said:  "No!"'
    assert first_words(text, 99) == text
    assert first_sentences(text, 1) == 'He said:  "No!"'
    assert first_sentences(text, 2) == 'He said:  "No!"  Then he left.'
    assert first_sentences(text, 99) == text
    assert first_sentences(text, 0) == ""
    assert first_sentences("你好。再见！ 3.5 kg? …", 1) == "你好。"
    assert first_sentences("It weighs 3.5 kg. Good", 1) == "It weighs 3.5 kg."


def test_json_keeps_characters_and_refuses_what_json_has_not() -> None:
    assert as_json({"a": ["é", None]}) == '{"a": ["é", null]}'
    with pytest.raises(ValueError, match="JSON"):
        as_json(float("nan"))


def test_slug_and_dedent() -> None:
    assert slug("  Crème brûlée, 2 pcs! ") == "creme-brulee-2-pcs"
    assert dedent("  a\n    b") == "a\n  b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ 'a' | center(5) }}", "  a  "),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ 'aab' | replace('a', 'c') }}", "ccb"),
        ("{{ rows | join('-', attribute='x') }}", "1-2"),
        ("{{ '%s is %d' | format('a', 3) }}", "a is 3"),
        ("{{ [1, 2, 3] | batch(2) | list }}", "[[1, 2], [3]]"),
        ("{{ [1, 2, 3] | slice(2) | list }}", "[[1, 2], [3]]"),
        ("{{ {'a': [1, 'b']} }}", "{'a': [1, 'b']}"),
    ],
)
def test_bounded_filters_do_what_jinja_does(text: str, shown: str) -> None:
    names = Names(rows=[{"x": 1}, {"x": 2}])
    assert render_text(compile_text(Scalar(value=text, spot=Spot()), Findings(), "here"), names) == shown
