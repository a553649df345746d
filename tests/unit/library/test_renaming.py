"""A source under another name, and otherwise untouched."""

import pytest

from gristmill.errors import InvalidTemplateError
from gristmill.library.renaming import rename_source


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: a\r\nfragment: x # é\r\n", "name: new\r\nfragment: x # é\r\n"),
        ("# é 😀\ndescription: 😀 name\nname: 'a'\n", "# é 😀\ndescription: 😀 name\nname: new\n"),
        ('vary: {name: [b]}\nsteps: [{name: c}]\n"name" : "a"', 'vary: {name: [b]}\nsteps: [{name: c}]\n"name" : new'),
        ("{fragment: name, name: a}\n---\nname: b\n", "{fragment: name, name: new}\n---\nname: b\n"),
        ("\ufeffname: a\n", "\ufeffname: new\n"),
    ],
)
def test_only_the_name_changes(before: str, after: str) -> None:
    assert rename_source(before, "new") == after


@pytest.mark.parametrize("source", ["name: >-\n  a\nfragment: x\n", "fragment: x\n", "x: &n a\nname: *n\n"])
def test_a_name_that_cannot_be_replaced_in_its_place_is_refused(source: str) -> None:
    with pytest.raises(InvalidTemplateError, match="write it plainly"):
        rename_source(source, "new")
