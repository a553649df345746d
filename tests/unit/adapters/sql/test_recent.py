"""What is kept to save reading is bounded: the entries used last stay."""

from gristmill.adapters.sql.recent import Recent


def test_the_entry_that_was_not_used_longest_makes_room() -> None:
    recent = Recent[str, int](2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert recent.all() == {"a": 1, "c": 3}


def test_an_entry_put_again_is_the_new_one_and_needs_no_room() -> None:
    recent = Recent[str, int](2)
    for value in range(5):
        recent.put("a", value)
        recent.put("b", value)
    assert recent.all() == {"a": 4, "b": 4}


def test_what_is_not_kept_is_none_and_can_be_dropped_again() -> None:
    recent = Recent[str, int](1)
    recent.put("a", 1)
    recent.drop("a")
    recent.drop("a")
    assert recent.get("a") is None
