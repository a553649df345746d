"""Templates kept, taken from, forked and published, by owners who see only what they may."""

import asyncio
import random
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from gristmill.adapters.renderer.process import ChildRenderer
from gristmill.adapters.sql import SqlStore, open_store
from gristmill.domain.ids import LOCAL, TemplateId, UserId
from gristmill.domain.template import TemplateVersion
from gristmill.errors import Finding, InUseError, InvalidTemplateError, NotFoundError, WrongStateError
from gristmill.library import gathering
from gristmill.library.completing import complete_source, complete_version
from gristmill.library.references import Reference, references_in
from gristmill.library.templates import (
    add_version,
    create_template,
    fork_template,
    keep_template,
    lint_here,
    publish_template,
)
from gristmill.ports.templates import TemplateQuery
from gristmill.recipes import compile_template

T = TypeVar("T")
ANN, BOB = UserId("ann"), UserId("bob")
CHANCE = random.Random(5)
USER = "name: user\nsteps:\n  - {id: q, prompt: \"{% include 'style' %} Go.\"}\n"
STYLE = "name: style\nfragment: One.\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    do(opened.close())


def do(verb: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(verb)


def keep(store: SqlStore, *sources: str, owner: UserId = LOCAL) -> TemplateVersion:
    for source in sources:
        kept = do(keep_template(source, owner, store, lint=lint_here, chance=CHANCE))
    return kept.version


def publish(store: SqlStore, version: TemplateVersion, owner: UserId) -> None:
    do(publish_template(version.template, owner, store))


def unpublish(store: SqlStore, version: TemplateVersion, owner: UserId) -> None:
    do(store.publish_template(owner, version.template, published=False))


def completed(store: SqlStore, source: str, owner: UserId = LOCAL) -> str:
    return do(complete_source(source, owner, store)).source


def prompt_of(source: str) -> str:
    [turn] = compile_template(source).steps[0].turns
    assert turn.text.template is not None
    return turn.text.template.render()


def prompt_of_kept(store: SqlStore, version: TemplateVersion, owner: UserId = LOCAL) -> str:
    return prompt_of(do(complete_version(version, owner, store)))


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
    keep(store, STYLE, "name: style\nfragment: Two.\n")
    assert prompt_of(completed(store, USER)) == "Two. Go."
    assert prompt_of(completed(store, USER.replace("style", "style@1"))) == "One. Go."


def test_what_a_kept_template_takes_stays_what_it_was_when_it_was_kept(store: SqlStore) -> None:
    keep(store, "name: base\nfragment: Old.\n", "name: style\nfragment: \"{% include 'base' %} Style.\"\n")
    kept = keep(store, USER.replace("Go", "{% include 'base' %}"))
    keep(store, "name: base\nfragment: New.\n")
    assert prompt_of(completed(store, USER)) == "Old. Style. Go."
    both = USER.replace("Go", "{% include 'base' %}")
    assert prompt_of(completed(store, both)) == "Old. Style. New.."
    assert prompt_of_kept(store, kept) == "Old. Style. Old.."


def test_a_source_that_brings_its_fragments_is_left_as_it_is(store: SqlStore) -> None:
    keep(store, "name: style\nfragment: Kept.\n")
    own = USER + "---\nname: style\nfragment: Own.\n"
    assert completed(store, own) == own
    assert completed(store, "name: plain\n") == "name: plain\n"


def test_what_a_source_brings_is_not_confused_with_what_a_fragment_takes(store: SqlStore) -> None:
    keep(store, "name: base\nfragment: Kept.\n", "name: style\nfragment: \"{% include 'base' %}\"\n")
    own = USER.replace("Go", "{% include 'base' %}") + "---\nname: base\nfragment: Own.\n"
    assert prompt_of(completed(store, own)) == "Kept. Own.."


def test_a_reference_that_leads_nowhere_is_left_for_the_compiler_to_name(store: SqlStore) -> None:
    for source in (USER, USER.replace("style", "user@0")):
        assert completed(store, source) == source
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


def test_more_templates_than_one_may_take_from_are_refused(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_FRAGMENTS", 2)
    keep(store, *(f"name: t-{n}\nfragment: x\n" for n in range(3)))
    two, three = ("".join(f"{{% include 't-{n}' %}}" for n in range(count)) for count in (2, 3))
    assert prompt_of(completed(store, USER.replace("{% include 'style' %}", two))) == "xx Go."
    with pytest.raises(InvalidTemplateError, match="more than 2"):
        completed(store, USER.replace("{% include 'style' %}", three))


@pytest.mark.parametrize(
    "source", ["name: Bad\nfragment: x\n", "", "name: a\nfragment: \ud800\n", "name: a\0\n", "x" * 300_000, "a: [" * 99]
)
def test_nothing_invalid_is_kept(store: SqlStore, source: str) -> None:
    with pytest.raises(InvalidTemplateError) as caught:
        keep(store, source)
    assert caught.value.findings
    assert do(store.list_templates(LOCAL, TemplateQuery())).items == []


def test_the_whole_source_is_what_is_checked(store: SqlStore) -> None:
    seen: list[str] = []

    async def lint(source: str) -> Sequence[Finding]:
        seen.append(source)
        return [Finding(code="too_expensive", message="It takes too much.")]

    keep(store, STYLE)
    with pytest.raises(InvalidTemplateError, match="takes too much"):
        do(create_template(USER, LOCAL, store, lint=lint, chance=CHANCE))
    assert seen == [completed(store, USER)]


def test_a_source_that_nobody_vouches_for_is_compiled_apart(store: SqlStore) -> None:
    lint = ChildRenderer().lint
    with pytest.raises(InvalidTemplateError, match="no template 'style'"):
        do(create_template(USER, ANN, store, lint=lint, chance=CHANCE))
    assert do(create_template(STYLE, ANN, store, lint=lint, chance=CHANCE)).version == 1


def test_a_new_template_does_not_take_the_name_of_another(store: SqlStore) -> None:
    kept = do(create_template(STYLE, ANN, store, lint=lint_here, chance=CHANCE))
    with pytest.raises(InUseError):
        do(create_template(STYLE, ANN, store, lint=lint_here, chance=CHANCE))
    assert do(add_version(kept.template, STYLE + "# more\n", ANN, store, lint=lint_here)).version == 2


def test_a_public_template_of_another_gets_no_version_of_mine(store: SqlStore) -> None:
    kept = keep(store, STYLE, owner=ANN)
    publish(store, kept, ANN)
    with pytest.raises(NotFoundError):
        do(add_version(kept.template, STYLE, BOB, store, lint=lint_here))


def test_fragments_are_taken_from_the_owner_and_else_from_what_is_public(store: SqlStore) -> None:
    bobs = keep(store, "name: style\nfragment: Bob.\n", owner=BOB)
    with pytest.raises(InvalidTemplateError, match="no template 'style'"):
        keep(store, USER, owner=ANN)
    publish(store, bobs, BOB)
    first = keep(store, USER, owner=ANN)
    keep(store, "name: style\nfragment: Ann.\n", owner=ANN)
    second = keep(store, USER, owner=ANN)
    assert (first.version, second.version) == (1, 2)
    assert [prompt_of_kept(store, one, ANN) for one in (first, second)] == ["Bob. Go.", "Ann. Go."]


def test_two_templates_of_one_name_stand_behind_one_source(store: SqlStore) -> None:
    keep(store, "name: base\nfragment: Bob's base.\n", owner=BOB)
    lender = keep(store, "name: style\nfragment: \"{% include 'base' %} Style.\"\n", owner=BOB)
    [base] = [one for one in do(store.list_templates(BOB, TemplateQuery())).items if one.name == "base"]
    do(store.publish_template(BOB, base.id, published=True))
    publish(store, lender, BOB)
    keep(store, "name: base\nfragment: Ann's base.\n", owner=ANN)
    kept = keep(store, USER.replace("Go", "{% include 'base@1' %}"), owner=ANN)
    assert prompt_of_kept(store, kept, ANN) == "Bob's base. Style. Ann's base.."


@pytest.mark.parametrize("reference", ["style", "style@1"])
def test_what_is_not_public_any_more_is_named(store: SqlStore, reference: str) -> None:
    bobs = keep(store, STYLE, owner=BOB)
    publish(store, bobs, BOB)
    kept = keep(store, USER.replace("style", reference), owner=ANN)
    unpublish(store, bobs, BOB)
    # A later template of the same name is another one.
    keep(store, "name: style\nfragment: Ann.\n", owner=ANN)
    with pytest.raises(InvalidTemplateError, match="style@1, which this takes from, was deleted or made private"):
        do(complete_version(kept, ANN, store))
    publish(store, bobs, BOB)
    assert prompt_of_kept(store, kept, ANN) == "One. Go."


def test_a_fork_goes_on_from_a_public_template_under_a_free_name(store: SqlStore) -> None:
    lender = keep(store, STYLE, owner=BOB)
    source = "# é\ndescription: üser\n" + USER
    publish(store, lender, BOB)
    bobs = keep(store, source, owner=BOB)
    publish(store, bobs, BOB)
    forks = [do(fork_template(bobs.template, None, ANN, store, chance=CHANCE)) for _ in range(2)]
    assert [fork.name for fork in forks] == ["user", "user-2"]
    assert [fork.source for fork in forks] == [source, source.replace("name: user", "name: user-2")]
    assert prompt_of_kept(store, forks[1], ANN) == "One. Go."
    assert do(store.read_template(ANN, forks[1].template)).origin == bobs.ref


def test_what_is_private_cannot_be_forked(store: SqlStore) -> None:
    bobs = keep(store, STYLE, owner=BOB)
    for template in (bobs.template, TemplateId("nothing")):
        with pytest.raises(NotFoundError):
            do(fork_template(template, None, ANN, store, chance=CHANCE))


def test_nothing_is_published_that_takes_from_what_is_private(store: SqlStore) -> None:
    style, user = keep(store, STYLE, owner=BOB), keep(store, USER, owner=BOB)
    with pytest.raises(WrongStateError, match="takes from style, which is not public"):
        publish(store, user, BOB)
    publish(store, style, BOB)
    publish(store, user, BOB)
    assert prompt_of_kept(store, user, ANN) == "One. Go."
