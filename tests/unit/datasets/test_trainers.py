"""Lines of trainers' formats: by convention, checked, and opened by `datasets` as TRL wants them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import pytest

from gristmill.datasets import find_convention, line_of
from gristmill.domain.json import JsonObject
from gristmill.errors import UnfitRecordError
from support.trl import is_talk, type_and_format

TURNS = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
TALK = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]
SYSTEM = {"role": "system", "content": "Be kind."}
EXCHANGES: Sequence[JsonObject] = (
    {"instruction": "Why?", "output": "So."},
    {"instruction": "Why?", "response": "So."},
    {"question": "Why?", "answer": "So."},
    {"prompt": "Why?", "completion": "So."},
    {"prompt": "Why?", "response": "So."},
    {"prompt": "Why?", "chosen": "So.", "rejected": "No."},
)


def convert(fmt: str, record: JsonObject) -> JsonObject:
    convention = find_convention(fmt, tuple(record))
    assert convention is not None
    return line_of(fmt, convention.apply(record))


def load(tmp_path: Path, lines: Sequence[JsonObject]) -> Any:
    """The lines as `datasets` reads them back."""
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return datasets.Dataset.from_json(str(path), cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("record", [{"messages": TURNS}, {"conversations": TALK}, *EXCHANGES])
def test_every_convention_makes_the_same_conversation(tmp_path: Path, record: JsonObject) -> None:
    chat, talk = convert("openai-chat", record), convert("sharegpt", record)

    assert chat == {"messages": TURNS}
    assert talk == {"conversations": TALK}
    assert load(tmp_path, [chat])[0] == chat
    assert load(tmp_path, [talk])[0] == talk
    assert type_and_format(load(tmp_path, [chat])[0]) == ("language modeling", "conversational")
    assert is_talk(load(tmp_path, [talk])[0])


@pytest.mark.parametrize("record", EXCHANGES)
def test_alpaca_has_an_input_even_when_it_is_empty(tmp_path: Path, record: JsonObject) -> None:
    line = convert("alpaca", record)

    assert line == {"instruction": "Why?", "input": "", "output": "So."}
    assert load(tmp_path, [line])[0] == line


def test_what_a_question_is_about_and_a_system_field_are_kept() -> None:
    record = {"question": "Why?", "context": "It rains.", "answer": "So.", "system": "Be kind."}

    assert convert("alpaca", record) == {
        "instruction": "Why?",
        "input": "It rains.",
        "output": "So.",
        "system": "Be kind.",
    }
    messages = [SYSTEM, {"role": "user", "content": "Why?\n\nIt rains."}, TURNS[1]]
    assert convert("openai-chat", record) == {"messages": messages}
    assert convert("openai-chat", {"messages": TURNS, "system": "Be kind."}) == {"messages": [SYSTEM, *TURNS]}


def test_the_first_row_of_the_table_that_fits_wins() -> None:
    record: JsonObject = {"messages": TURNS, "question": "Who?", "answer": "Me."}

    assert convert("openai-chat", record) == {"messages": TURNS}
    assert convert("alpaca", record)["instruction"] == "Who?"


@pytest.mark.parametrize("asked", ["prompt", "question", "instruction"])
def test_a_pair_of_texts_is_a_standard_preference(tmp_path: Path, asked: str) -> None:
    line = convert("dpo", {asked: "Why?", "chosen": "So.", "rejected": "No."})

    assert line == {"prompt": "Why?", "chosen": "So.", "rejected": "No."}
    assert type_and_format(load(tmp_path, [line])[0]) == ("preference", "standard")


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": TURNS[:1], "chosen": TURNS[1:], "rejected": "No."},
        {"prompt": "Why?", "chosen": "So.", "rejected": [{"role": "assistant", "content": "No."}]},
        {"prompt": "Why?", "chosen": "So.", "rejected": "No.", "system": None},
    ],
)
def test_a_list_or_a_system_field_makes_a_pair_conversational(tmp_path: Path, record: JsonObject) -> None:
    line = convert("dpo", record)

    no = {"role": "assistant", "content": "No."}
    assert line == {"prompt": TURNS[:1], "chosen": TURNS[1:], "rejected": [no]}
    assert type_and_format(load(tmp_path, [line])[0]) == ("preference", "conversational")


def test_a_system_field_goes_before_the_prompt_of_a_pair() -> None:
    line = convert("dpo", {"prompt": "Why?", "chosen": "So.", "rejected": "No.", "system": "Be kind."})

    assert line["prompt"] == [SYSTEM, TURNS[0]]


def test_calls_of_tools_stay_in_a_chat_and_have_no_place_in_sharegpt() -> None:
    calling = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    answer = {"role": "tool", "content": "4", "tool_call_id": "1"}
    record: JsonObject = {"messages": [TURNS[0], calling, answer, TURNS[1]], "tools": [{"type": "function"}]}

    assert convert("openai-chat", record) == record
    with pytest.raises(UnfitRecordError, match=r"conversations\[1\] is about tools"):
        convert("sharegpt", record)


@pytest.mark.parametrize(
    ("fmt", "record", "words"),
    [
        ("openai-chat", {"messages": "Why?"}, "messages must be a list of messages, not a text"),
        ("openai-chat", {"messages": []}, "not an empty list"),
        ("openai-chat", {"messages": [1]}, r"messages\[0\] must be a message with role and content, not a number"),
        ("openai-chat", {"messages": [{"role": "bot", "content": "x"}]}, r"messages\[0\] has the role 'bot', not one"),
        ("openai-chat", {"messages": [{"role": "user"}]}, r"messages\[0\].content must be a text, not null"),
        ("openai-chat", {"messages": [TURNS[0], TURNS[0]]}, r"'user' after 'user', where assistant must stand"),
        ("openai-chat", {"messages": [TURNS[1]]}, "'assistant' at the beginning, where system or user"),
        ("openai-chat", {"messages": TURNS[:1]}, "ends with the role 'user', not with 'assistant'"),
        ("openai-chat", {"messages": [*TURNS, SYSTEM]}, "'system' after 'assistant'"),
        ("sharegpt", {"question": "Why?", "answer": 3}, "what is answered must be a text, not a number"),
        ("alpaca", {"instruction": "Why?", "output": " \n"}, "output is empty"),
        ("alpaca", {"instruction": {}, "output": "x"}, "instruction must be a text, not an object"),
        ("dpo", {"prompt": "Why?", "chosen": True, "rejected": "x"}, "chosen must be a text, not true or false"),
        ("dpo", {"prompt": TURNS, "chosen": "x", "rejected": "y"}, "prompt ends with the role 'assistant'"),
        ("dpo", {"prompt": "Why?", "chosen": TURNS, "rejected": "y"}, r"chosen\[0\] has the role 'user' after 'user'"),
    ],
)
def test_what_a_trainer_would_stumble_over_is_refused(fmt: str, record: JsonObject, words: str) -> None:
    with pytest.raises(UnfitRecordError, match=words):
        convert(fmt, record)


@pytest.mark.parametrize("fmt", ["openai-chat", "sharegpt", "alpaca", "dpo"])
def test_records_of_other_fields_become_nothing_by_themselves(fmt: str) -> None:
    assert find_convention(fmt, ("question", "reply", "score")) is None
