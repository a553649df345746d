"""Every store keeps templates the same way: versions that rise, never change, and are given back byte for byte."""

import asyncio

import pytest

from gristmill.errors import NotFoundError
from support.stores import NOON, Mill


def test_versions_count_up_and_each_is_given_back_as_it_was(mill: Mill) -> None:
    first = mill(mill.store.add_template("style", "name: style\r\n# é\n", {}))
    second = mill(mill.store.add_template("style", "name: style\n", {"base": 3}))
    assert (first.version, second.version) == (1, 2)
    assert mill(mill.store.read_template("style", 1)) == first
    assert mill(mill.store.read_template("style")) == second
    assert (first.source, first.created_at, second.pins) == ("name: style\r\n# é\n", NOON, {"base": 3})


def test_the_newest_again_makes_no_version_and_an_older_one_again_does(mill: Mill) -> None:
    for source in ("a", "b", "b", "a"):
        mill(mill.store.add_template("style", source, {}))
    assert [one.source for one in mill(mill.store.template_history("style"))] == ["a", "b", "a"]


def test_other_pins_are_another_version(mill: Mill) -> None:
    mill(mill.store.add_template("style", "a", {"base": 1}))
    assert mill(mill.store.add_template("style", "a", {"base": 2})).version == 2


def test_the_list_has_the_newest_of_each_name(mill: Mill) -> None:
    for name, source in (("b", "1"), ("a", "1"), ("b", "2")):
        mill(mill.store.add_template(name, source, {}))
    assert [(one.name, one.version) for one in mill(mill.store.list_templates())] == [("a", 1), ("b", 2)]


def test_what_nobody_kept_is_not_found(mill: Mill) -> None:
    mill(mill.store.add_template("style", "a", {}))
    for verb in (mill.store.read_template("stile"), mill.store.read_template("style", 2)):
        with pytest.raises(NotFoundError, match="There is no template"):
            mill(verb)
    assert mill(mill.store.template_history("stile")) == []


def test_two_that_add_at_once_get_a_version_each(mill: Mill) -> None:
    async def both() -> set[int]:
        kept = await asyncio.gather(*(mill.store.add_template("style", source, {}) for source in ("a", "b")))
        return {one.version for one in kept}

    assert mill(both()) == {1, 2}
