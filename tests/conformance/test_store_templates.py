"""Every store keeps templates the same way: owned, versions that rise, never change, and are given back exactly."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest

from gristmill.domain.ids import JobId, TemplateId, UserId
from gristmill.domain.paging import Page, Place
from gristmill.domain.sharding import plan_shards
from gristmill.domain.template import Template, TemplateDraft, TemplateRef, TemplateVersion
from gristmill.errors import BadInputError, InUseError, NotFoundError, WrongStateError
from gristmill.ports.templates import TemplateQuery
from support.stores import NOON, Mill, a_job

ANN, BOB = UserId("ann"), UserId("bob")
FIRST = TemplateId("t-1")
PINS = {"base": TemplateRef(template=TemplateId("t-9"), version=3)}


def a_draft(name: str = "style", source: str = "a", description: str = "") -> TemplateDraft:
    return TemplateDraft(name=name, source=source, description=description)


def create(mill: Mill, key: str = FIRST, draft: TemplateDraft | None = None, owner: UserId = ANN) -> TemplateVersion:
    return mill(mill.store.create_template(owner, TemplateId(key), draft or a_draft()))


def names_of(page: Page[Template]) -> list[str]:
    return [template.name for template in page.items]


def test_a_template_is_given_back_as_it_was_kept(mill: Mill) -> None:
    draft = TemplateDraft(name="style", source="name: style\r\n# é\n", description="How we write", pins=PINS)
    kept = create(mill, draft=draft)
    assert mill(mill.store.read_version(ANN, FIRST)) == mill(mill.store.read_version(ANN, FIRST, 1)) == kept
    assert (kept.version, kept.source, kept.pins, kept.created_at) == (1, draft.source, PINS, NOON)
    assert mill(mill.store.read_template(ANN, FIRST)) == Template(
        id=FIRST, owner=ANN, name="style", newest=1, description="How we write", created_at=NOON, changed_at=NOON
    )


def test_a_name_is_taken_once_by_each_owner(mill: Mill) -> None:
    create(mill)
    with pytest.raises(InUseError, match="'style' already"):
        create(mill, "t-2")
    assert create(mill, "t-3", owner=BOB).version == 1


def test_the_same_id_again_keeps_nothing(mill: Mill) -> None:
    kept = create(mill)
    assert create(mill) == kept


def test_a_pushed_template_goes_on_where_its_name_is_known(mill: Mill) -> None:
    pushed = [
        mill(mill.store.push_template(ANN, TemplateId(f"t-{n}"), a_draft(source=s))) for n, s in enumerate("abba")
    ]
    assert [(one.template, one.version) for one in pushed] == [("t-0", 1), ("t-0", 2), ("t-0", 2), ("t-0", 3)]


def test_other_pins_are_another_version(mill: Mill) -> None:
    create(mill)
    assert mill(mill.store.add_version(ANN, FIRST, replace(a_draft(), pins=PINS))).version == 2


def test_a_version_has_the_name_of_its_template(mill: Mill) -> None:
    create(mill)
    with pytest.raises(WrongStateError, match="called 'style'"):
        mill(mill.store.add_version(ANN, FIRST, a_draft("other")))


def test_the_newest_version_describes_the_template(mill: Mill) -> None:
    create(mill)
    mill.clock.pass_by(timedelta(minutes=1))
    mill(mill.store.add_version(ANN, FIRST, a_draft(source="b", description="New words")))
    template = mill(mill.store.read_template(ANN, FIRST))
    assert (template.newest, template.description) == (2, "New words")
    assert template.changed_at - template.created_at == timedelta(minutes=1)


def test_the_history_is_read_from_the_newest_back(mill: Mill) -> None:
    for source in "abc":
        mill(mill.store.push_template(ANN, FIRST, a_draft(source=source)))
    newest = mill(mill.store.read_history(ANN, FIRST, limit=2))
    rest = mill(mill.store.read_history(ANN, FIRST, before=newest[-1].version))
    assert [one.source for one in (*newest, *rest)] == ["c", "b", "a"]


def test_what_another_owner_did_not_publish_does_not_exist(mill: Mill) -> None:
    create(mill)
    store = mill.store
    verbs: list[Awaitable[object]] = [
        store.read_template(BOB, FIRST),
        store.read_version(BOB, FIRST),
        store.read_history(BOB, FIRST),
        store.find_template(BOB, "style"),
    ]
    for verb in (*verbs, *writes_of(mill, BOB)):
        with pytest.raises(NotFoundError, match="There is no template"):
            mill(verb)


def writes_of(mill: Mill, owner: UserId) -> list[Awaitable[object]]:
    store = mill.store
    return [
        store.add_version(owner, FIRST, a_draft()),
        store.archive_template(owner, FIRST, archived=True),
        store.publish_template(owner, FIRST, published=True),
        store.delete_template(owner, FIRST),
    ]


def test_what_is_published_is_read_by_all_and_changed_by_its_owner(mill: Mill) -> None:
    kept = create(mill)
    mill(mill.store.publish_template(ANN, FIRST, published=True))
    assert mill(mill.store.read_version(BOB, FIRST)) == kept
    for verb in writes_of(mill, BOB):
        with pytest.raises(NotFoundError):
            mill(verb)
    mill(mill.store.publish_template(ANN, FIRST, published=False))
    with pytest.raises(NotFoundError):
        mill(mill.store.read_version(BOB, FIRST))


def test_publishing_and_archiving_again_keep_the_first_time(mill: Mill) -> None:
    create(mill)
    for _ in range(2):
        mill(mill.store.publish_template(ANN, FIRST, published=True))
        template = mill(mill.store.archive_template(ANN, FIRST, archived=True))
        mill.clock.pass_by(timedelta(minutes=1))
    assert (template.published_at, template.archived_at) == (NOON, NOON)
    assert mill(mill.store.archive_template(ANN, FIRST, archived=False)).archived_at is None


@pytest.mark.parametrize("version", [0, 2, -1, 2**70])
def test_a_version_that_nobody_kept_is_not_found(mill: Mill, version: int) -> None:
    create(mill)
    with pytest.raises(NotFoundError, match="There is no template style@"):
        mill(mill.store.read_version(ANN, FIRST, version))


def test_a_name_means_an_own_template_or_else_the_first_published(mill: Mill) -> None:
    for key, owner in (("b", BOB), ("c", UserId("cy"))):
        create(mill, key, owner=owner)
    for key, owner in (("c", UserId("cy")), ("b", BOB)):
        mill(mill.store.publish_template(owner, TemplateId(key), published=True))
        mill.clock.pass_by(timedelta(minutes=1))
    assert mill(mill.store.find_template(ANN, "style")).id == "c"
    create(mill, "a")
    assert mill(mill.store.find_template(ANN, "style")).id == "a"


def test_lists_go_on_where_a_page_ended_whatever_came_between(mill: Mill) -> None:
    for name in "badc":
        create(mill, f"t-{name}", a_draft(name))
        mill.clock.pass_by(timedelta(minutes=1))
    for by, order in (("name", "abcd"), ("changed", "cdab")):
        query = TemplateQuery(by=by, limit=3)  # type: ignore[arg-type]
        page = mill(mill.store.list_templates(ANN, query))
        rest = mill(mill.store.list_templates(ANN, replace(query, after=page.next)))
        assert "".join(names_of(page) + names_of(rest)) == order
        assert rest.next is None
    assert names_of(mill(mill.store.list_templates(BOB, TemplateQuery()))) == []


def test_a_full_last_page_says_that_nothing_follows(mill: Mill) -> None:
    create(mill)
    assert mill(mill.store.list_templates(ANN, TemplateQuery(limit=1))).next is None


@pytest.mark.parametrize("place", [Place(key=5, id="x"), Place(key="a\0", id="x"), Place(key=True, id="x")])
def test_a_place_of_another_list_is_refused(mill: Mill, place: Place) -> None:
    with pytest.raises(BadInputError, match="cursor"):
        mill(mill.store.list_templates(ANN, TemplateQuery(after=place)))


def test_a_time_that_no_list_has_is_refused(mill: Mill) -> None:
    for key in ("a", 2**70):
        with pytest.raises(BadInputError, match="cursor"):
            mill(mill.store.list_templates(ANN, TemplateQuery(by="changed", after=Place(key=key, id="x"))))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("STYLE", ["style"]),
        ("éTé", ["summer"]),
        ("100%", ["summer"]),
        ("%", ["summer"]),
        ("_", []),
        ("s'; DROP TABLE templates; --", []),
        ("\0", []),
        ("", ["style", "summer"]),
    ],
)
def test_text_is_found_in_names_and_descriptions_as_it_is_written(mill: Mill, text: str, found: list[str]) -> None:
    create(mill)
    create(mill, "t-2", a_draft("summer", description="Été, at 100%/\\"))
    assert names_of(mill(mill.store.list_templates(ANN, TemplateQuery(text=text)))) == found


def test_what_is_archived_is_listed_only_when_asked_for(mill: Mill) -> None:
    create(mill)
    mill(mill.store.publish_template(ANN, FIRST, published=True))
    mill(mill.store.archive_template(ANN, FIRST, archived=True))
    assert names_of(mill(mill.store.list_templates(ANN, TemplateQuery()))) == []
    assert names_of(mill(mill.store.list_templates(ANN, TemplateQuery(with_archived=True)))) == ["style"]
    assert names_of(mill(mill.store.list_public_templates(TemplateQuery(with_archived=True)))) == []
    with pytest.raises(NotFoundError):
        mill(mill.store.find_template(BOB, "style"))


def test_the_public_list_has_what_is_published_the_newest_first(mill: Mill) -> None:
    for name in "abc":
        create(mill, name, a_draft(name), owner=UserId(name))
        mill.clock.pass_by(timedelta(minutes=1))
        if name != "b":
            mill(mill.store.publish_template(UserId(name), TemplateId(name), published=True))
    query = TemplateQuery(by="published", limit=1)
    page = mill(mill.store.list_public_templates(query))
    rest = mill(mill.store.list_public_templates(replace(query, after=page.next)))
    assert names_of(page) + names_of(rest) == ["c", "a"]


def test_a_template_that_jobs_were_made_from_cannot_be_deleted(mill: Mill) -> None:
    create(mill)
    kept = TemplateRef(template=FIRST, version=1)
    for number in range(2):
        job = replace(a_job(job=JobId(f"job-{number}")), owner=BOB, template=kept)
        mill(mill.store.create_job(job, plan_shards(job.id, first_slot=0, records=1, first_number=0)))
    with pytest.raises(InUseError, match="2 jobs were made"):
        mill(mill.store.delete_template(ANN, FIRST))
    assert mill(mill.store.read_version(ANN, FIRST)).version == 1


def test_a_deleted_template_leaves_nothing(mill: Mill) -> None:
    create(mill)
    mill(mill.store.delete_template(ANN, FIRST))
    assert mill.query("SELECT * FROM templates") == mill.query("SELECT * FROM template_versions") == []
    with pytest.raises(NotFoundError):
        mill(mill.store.read_template(ANN, FIRST))


def test_two_that_push_at_once_get_a_version_each(mill: Mill) -> None:
    async def both() -> set[int]:
        pushes = (mill.store.push_template(ANN, TemplateId(one), a_draft(source=one)) for one in "ab")
        return {kept.version for kept in await asyncio.gather(*pushes)}

    assert mill(both()) == {1, 2}


def test_two_that_take_a_name_at_once_have_one_winner(mill: Mill) -> None:
    async def both() -> list[bool]:
        takes = (mill.store.create_template(ANN, TemplateId(one), a_draft(source=one)) for one in "ab")
        return [isinstance(kept, InUseError) for kept in await asyncio.gather(*takes, return_exceptions=True)]

    assert sorted(mill(both())) == [False, True]
