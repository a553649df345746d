"""Templates kept, and taken from."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gristmill.adapters.sql import SqlStore, open_store
from gristmill.errors import InvalidTemplateError
from gristmill.library.references import Reference, references_in
from gristmill.library.templates import keep_template, with_fragments
from gristmill.recipes import compile_template

USER = "name: user\nsteps:\n  - {id: q, prompt: \"{% include 'style' %} Go.\"}\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    asyncio.run(opened.close())


def keep(store: SqlStore, *sources: str) -> None:
    for source in sources:
        asyncio.run(keep_template(source, store))


def completed(store: SqlStore, source: str) -> str:
    return asyncio.run(with_fragments(source, store))


def prompt_of(source: str) -> str:
    [turn] = compile_template(source).steps[0].turns
    assert turn.text.template is not None
    return turn.text.template.render()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{% include 'a@2' %}{%- from \"b-c\" import d %}", [("a", 2), ("b-c", None)]),
        ('prompt: "{% import \\"a\\" as b %}"', [("a", None)]),
        ("prompt: '{% include ''a@1'' %}'", [("a", 1)]),
        ("{% include name %} {{ 'a@1' }} {% if x %}", []),
        ("{% include 'a' %}{% include 'a' %}", [("a", None)]),
    ],
)
def test_references_are_found_as_they_are_written(source: str, found: list[tuple[str, int | None]]) -> None:
    assert list(references_in(source)) == [Reference(name=name, version=version) for name, version in found]


def test_a_template_takes_the_newest_or_the_version_it_names(store: SqlStore) -> None:
    keep(store, "name: style\nfragment: One.\n", "name: style\nfragment: Two.\n")
    assert prompt_of(completed(store, USER)) == "Two. Go."
    assert prompt_of(completed(store, USER.replace("style", "style@1"))) == "One. Go."


def test_what_a_kept_template_takes_stays_what_it_was_when_it_was_kept(store: SqlStore) -> None:
    keep(store, "name: base\nfragment: Old.\n", "name: style\nfragment: \"{% include 'base' %} Style.\"\n")
    keep(store, "name: base\nfragment: New.\n")
    assert prompt_of(completed(store, USER)) == "Old. Style. Go."
    both = USER.replace("Go", "{% include 'base' %}")
    assert prompt_of(completed(store, both)) == "Old. Style. New.."


def test_a_source_that_brings_its_fragments_is_left_as_it_is(store: SqlStore) -> None:
    keep(store, "name: style\nfragment: Kept.\n")
    own = USER + "---\nname: style\nfragment: Own.\n"
    assert completed(store, own) == own
    assert completed(store, "name: plain\n") == "name: plain\n"


def test_a_reference_that_leads_nowhere_is_left_for_the_compiler_to_name(store: SqlStore) -> None:
    assert completed(store, USER) == USER
    with pytest.raises(InvalidTemplateError, match="There is no template 'style'"):
        compile_template(USER)


def test_a_template_that_lends_nothing_cannot_be_taken_from(store: SqlStore) -> None:
    keep(store, "name: style\nsteps: [{id: a, prompt: Hi}]\n")
    with pytest.raises(InvalidTemplateError, match="lends nothing"):
        completed(store, USER)


def test_templates_that_take_from_each_other_for_ever_are_refused(store: SqlStore) -> None:
    keep(store, "name: a\nfragment: A\n", "name: b\nfragment: \"{% include 'a' %}\"\n")
    with pytest.raises(InvalidTemplateError, match="for ever"):
        # The newest version of `a` is not there yet, so only a reference to itself can go round.
        keep(store, "name: a\nfragment: \"{% include 'c' %}\"\n---\nname: c\nfragment: \"{% include 'c' %}\"\n")


def test_nothing_invalid_is_kept(store: SqlStore) -> None:
    with pytest.raises(InvalidTemplateError):
        keep(store, "name: Bad\nfragment: x\n")
    assert asyncio.run(store.list_templates()) == []
