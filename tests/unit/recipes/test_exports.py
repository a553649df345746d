"""The `export` key: what formats take from a finished record."""

import pytest

from gristmill.domain.ids import Slot
from gristmill.recipes import compile_template, fill_export
from support.templates import codes_of, findings_of, one_step

RECORD = "record: {question: '{{ steps.q.output }}', tags: [a, b]}\n"


def test_an_export_is_filled_from_the_record_and_keeps_types() -> None:
    recipe = compile_template(
        one_step(rest=RECORD)
        + "export:\n"
        + "  openai-chat: {messages: [{role: user, content: 'Q{{ slot }}: {{ record.question }}'}]}\n"
        + "  huggingface: {tags: '{{ record.tags }}', n: 3}\n"
    )
    record = {"question": "Why?", "tags": ["a", "b"]}

    assert fill_export(recipe.exports["openai-chat"], record, Slot(7)) == {
        "messages": [{"role": "user", "content": "Q7: Why?"}]
    }
    assert fill_export(recipe.exports["huggingface"], record, Slot(7)) == {"tags": ["a", "b"], "n": 3}


def test_an_export_does_not_change_the_digest() -> None:
    plain = one_step(rest=RECORD)
    exported = plain + "export: {alpaca: {instruction: x, output: '{{ record.question }}'}}"

    assert compile_template(plain).digest == compile_template(exported).digest


def test_an_export_may_name_a_step_s_output_where_the_template_has_no_record() -> None:
    assert codes_of(one_step() + "export: {alpaca: {instruction: x, output: '{{ record.q }}'}}") == []


@pytest.mark.parametrize(
    ("export", "code", "column", "words"),
    [
        ("{dpo: {prompt: x, chosen: x}}", "missing_key", 15, "The key 'rejected' is missing."),
        ("{opnai-chat: {messages: []}}", "unknown_key", 10, "Did you mean 'openai-chat'?"),
        ("{alpaca: {instruction: x, ouput: x, output: x}}", "unknown_key", 35, "Did you mean 'output'?"),
        ("{huggingface: {}}", "wrong_value", 23, "at least one field"),
        ("{huggingface: {a: '{{ record.qestion }}'}}", "unknown_field", 31, "Did you mean 'question'?"),
        ("{huggingface: {a: '{{ question }}'}}", "unknown_name", 31, "Write record.question."),
        ("{huggingface: {a: '{{ steps.q.output }}'}}", "unknown_name", 31, "Put it into `record`"),
        ("{huggingface: {a: '{{ record.question | uper }}'}}", "unknown_filter", 49, "Did you mean 'upper'?"),
        ("{huggingface: [a]}", "wrong_type", 23, "a mapping"),
        ("[dpo]", "wrong_type", 9, "a mapping"),
    ],
)
def test_a_mistake_in_an_export_is_found_with_its_place(export: str, code: str, column: int, words: str) -> None:
    (finding,) = findings_of(one_step(rest=RECORD) + f"export: {export}")

    assert (finding.code, finding.line) == (code, 7)
    assert words in str(finding)
    assert finding.column == column
