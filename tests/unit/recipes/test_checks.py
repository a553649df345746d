"""What a record must pass."""

from gristmill.domain.ids import Slot
from gristmill.domain.scope import Scope
from gristmill.recipes import check_record, compile_template, fingerprints_of
from support.templates import SUPPORT_QA, one_step

SCOPE = Scope(slot=Slot(0), values={"tone": "terse"}, outputs={"q": "x"})


def test_an_expect_passes_or_fails_with_its_reason() -> None:
    recipe = compile_template(SUPPORT_QA)
    (good,) = check_record(recipe, {"answer": "a" * 21}, SCOPE)
    (bad,) = check_record(recipe, {"answer": "a"}, SCOPE)
    assert (good.check, good.passed, good.words) == ("expect:1", True, "")
    assert (bad.check, bad.passed, bad.words) == ("expect:1", False, "answer too short")


def test_an_expect_without_a_reason_gives_its_expression() -> None:
    recipe = compile_template(one_step() + "checks: [{unique: q}, {expect: '{{ record.q == 1 }}'}]")
    (result,) = check_record(recipe, {"q": 2}, SCOPE)
    assert (result.check, result.words) == ("expect:2", "expect: record.q == 1")


def test_an_expect_that_cannot_be_evaluated_is_a_failed_check() -> None:
    recipe = compile_template(one_step() + "checks: [{expect: '{{ record.q.size > 1 }}'}]")
    (result,) = check_record(recipe, {"q": "x"}, SCOPE)
    assert not result.passed
    assert "has no attribute 'size'" in result.words


def test_fingerprints_are_equal_only_for_what_is_the_same_to_a_check() -> None:
    source = one_step() + "record: {a: 1, b: 2}\nchecks: [{unique: a}, {unique: [a, b]}, {unique: a}]"
    recipe = compile_template(source)
    first = fingerprints_of(recipe, {"a": {"x": 1, "y": "e\u0301"}, "b": 2})
    same = fingerprints_of(recipe, {"a": {"y": "\u00e9", "x": 1}, "b": 2})
    other = fingerprints_of(recipe, {"a": {"x": 1, "y": "e\u0301"}, "b": 3})
    assert first == same
    assert first[0] == other[0]
    assert first[1] != other[1]
    # Each check has a salt of its own: the same field under two checks is not one fingerprint.
    assert len(set(first)) == 3
