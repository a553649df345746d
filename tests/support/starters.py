"""What a record of each starter must be, told by code that shares nothing with the templates' own checks."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any

import jsonschema_rs

Record = Mapping[str, Any]


def check_texts(record: Record, *names: str) -> None:
    for name in names:
        assert isinstance(record[name], str), record
        assert record[name].strip(), record


def check_support(record: Record, seed: Record) -> None:
    assert record["product"] == seed["product"]["name"]
    assert record["product"] in record["question"]
    assert set(seed["product"][record["topic"]].rstrip(".").split()[2:]) <= set(record["answer"].rstrip(".").split())


def check_instruction(record: Record, seed: Record) -> None:
    check_texts(record, "instruction", "output", "persona")
    assert record["kind"] == seed["kind"]
    assert bool(record["input"]) == ("needs" in seed)


def check_class(record: Record, seed: Record) -> None:
    check_texts(record, "text")
    assert record["label"] == seed["label"]
    assert any(word in record["text"] for word in seed["about"].split())


def check_preference(record: Record, seed: Record) -> None:
    check_texts(record, "prompt", "chosen", "rejected")
    assert record["chosen"] != record["rejected"]


def check_dialogue(record: Record, seed: Record) -> None:
    assert [turn["role"] for turn in record["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    for turn in record["messages"]:
        check_texts(turn, "content")
    assert seed["facts"] in record["messages"][0]["content"]


def check_retrieval(record: Record, seed: Record) -> None:
    check_texts(record, "question", "answer", "quote")
    assert record["passage"] == seed["id"]
    assert record["context"] == seed["text"]
    assert record["quote"] in seed["text"]
    assert record["question"].endswith("?")


def check_query(record: Record, seed: Record) -> None:
    check_texts(record, "question")
    database = sqlite3.connect(":memory:")
    try:
        database.executescript(seed["schema"])
        assert database.execute(record["sql"]).fetchall(), record
    finally:
        database.close()


def check_call(record: Record, seed: Record) -> None:
    check_texts(record, "request")
    offered = [tool["function"] for tool in record["tools"]]
    parameters = {tool["name"]: tool["parameters"] for tool in offered}
    wanted, others = seed["tool"]["function"]["name"], [tool["function"]["name"] for tool in seed["others"]]
    assert set(parameters) == {wanted, *others}
    assert record["call"]["name"] == wanted
    jsonschema_rs.validate(parameters[record["call"]["name"]], record["call"]["arguments"])


def check_story(record: Record, seed: Record) -> None:
    check_texts(record, "title", "story", "summary")
    assert len(set(record["outline"])) == 3
    assert 4 <= len(record["summary"].split()) <= len(record["story"].split())


def check_balance(records: Sequence[Record], seeds: Sequence[Record]) -> None:
    """Every label of the first seeds as often as any other, but for one."""
    counts = Counter(record["label"] for record in records)
    labels = {seed["label"] for seed in seeds[: len(records)]}
    assert counts.keys() == labels
    assert max(counts.values()) - min(counts.values()) <= 1


CHECKS: Mapping[str, Callable[[Record, Record], None]] = {
    "support-qa": check_support,
    "instructions": check_instruction,
    "classification": check_class,
    "preferences": check_preference,
    "dialogue": check_dialogue,
    "retrieval-qa": check_retrieval,
    "text-to-sql": check_query,
    "function-calling": check_call,
    "story": check_story,
}


def check_starter(
    name: str, records: Sequence[Record], seeds: Sequence[Record], *, short: Collection[int] = ()
) -> None:
    """Each record, in the order of the slots but for the short ones, fits its seed and is like no other."""
    slots = (slot for slot in count() if slot not in short)
    for slot, record in zip(slots, records, strict=False):
        CHECKS[name](record, seeds[slot % len(seeds)])
    assert len({json.dumps(record, sort_keys=True) for record in records}) == len(records)
    if "label" in records[0]:
        check_balance(records, seeds)
