"""Templates on the pages: listed, published, copied, put away, and their versions compared."""

import pytest

from gristmill.library.differences import compare
from gristmill.library.starters import STARTERS
from gristmill.web.routes.versions import pair_lines
from support.api import TEMPLATE
from support.web import Visitor, text_of


def named(name: str, prompt: str = "hello") -> str:
    return f"name: {name}\nsteps:\n  - {{id: q, prompt: {prompt}}}\n"


def test_whoever_has_no_template_is_led_to_the_starters(dan: Visitor) -> None:
    answer = dan.get("/templates")
    assert "You have no templates yet." in text_of(answer)
    assert all(f"/templates/new?starter={name}" in answer.text for name in STARTERS)


def test_templates_are_listed_searched_and_ordered(cleo: Visitor) -> None:
    key = cleo.api.template(TEMPLATE)
    cleo.api.template(named("aardvark"))
    page = cleo.get("/templates", params={"order": "name"})
    assert page.text.index(">aardvark<") < page.text.index(">capitals<")
    assert f'href="/templates/{key}"' in page.text
    found = cleo.page("/templates", params={"q": "ABOUT cities"})
    assert "Questions about cities" in found
    assert "aardvark" not in found
    assert "No template matches." in cleo.page("/templates", params={"q": "zebra"})


def test_a_long_list_goes_on_behind_a_link(dan: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gristmill.web.routes.templates.PAGE", 2)
    for name in ("one", "two", "three"):
        dan.api.template(named(name))
    first = dan.get("/templates", params={"order": "name"})
    more = first.text.partition('rel="next"')[0].rpartition('href="http://testserver')[2].partition('"')[0]
    assert ">two<" not in first.text
    assert ">two<" in dan.get(more.replace("&amp;", "&")).text
    assert "cursor is none of this list" in text_of(dan.get("/templates", params={"cursor": "nonsense"}))


def test_an_archived_template_is_left_out_until_asked_for(cleo: Visitor) -> None:
    key = cleo.api.template(named("attic"))
    assert cleo.done(f"/templates/{key}/archive") == f"/templates/{key}?done=template-archived"
    assert "attic" not in cleo.page("/templates")
    assert "attic archived" in cleo.page("/templates", params={"archived": "true"})
    assert cleo.done(f"/templates/{key}/unarchive") == f"/templates/{key}?done=template-unarchived"
    assert "attic" in cleo.page("/templates")


def test_a_published_template_is_read_and_copied_by_others_but_not_changed(cleo: Visitor, dan: Visitor) -> None:
    key = cleo.api.template(named("shared"))
    assert dan.get(f"/templates/{key}").status_code == 404
    assert cleo.done(f"/templates/{key}/publish") == f"/templates/{key}?done=template-published"
    assert "shared somebody else's" in dan.page("/templates/public").replace("public somebody", "somebody")
    page = dan.get(f"/templates/{key}")
    assert "Copy to mine" in text_of(page)
    assert "readonly" in page.text
    assert dan.post(f"/templates/{key}", {"source": named("shared", "mine")}).status_code == 404
    copy = dan.done(f"/templates/{key}/fork").partition("?")[0]
    assert "A copy of version 1 of another template" in dan.page(copy)
    assert cleo.done(f"/templates/{key}/unpublish") == f"/templates/{key}?done=template-unpublished"
    assert dan.get(f"/templates/{key}").status_code == 404


def test_what_is_another_users_is_not_there(cleo: Visitor, dan: Visitor) -> None:
    key = cleo.api.template(named("private"))
    for path in ("", "/versions", "/diff?from=1&to=1", "/source"):
        assert dan.get(f"/templates/{key}{path}").status_code == 404
    for verb in ("", "/fork", "/publish", "/unpublish", "/archive", "/unarchive", "/delete", "/restore"):
        assert dan.post(f"/templates/{key}{verb}", {"version": "1", "source": named("private")}).status_code == 404
    assert "private" in cleo.page("/templates")


def test_a_template_is_deleted_unless_jobs_were_made_from_it(cleo: Visitor) -> None:
    key = cleo.api.template(named("doomed"))
    assert cleo.done(f"/templates/{key}/delete") == "/templates?done=template-deleted"
    assert cleo.get(f"/templates/{key}").status_code == 404
    used = cleo.api.template('name: used\nsteps:\n  - {id: q, model: "scripted:demo", prompt: hello}\n')
    cleo.api.made("/jobs", {"template": used, "records": 1})
    refused = cleo.post(f"/templates/{used}/delete")
    assert (refused.status_code, "1 job" in text_of(refused)) == (409, True)


def test_a_source_is_downloaded_byte_for_byte(cleo: Visitor) -> None:
    source = named("download") + "# é ü 漢\r\n"
    key = cleo.api.template(source)
    answer = cleo.get(f"/templates/{key}/source")
    assert answer.content == source.encode()
    assert answer.headers["content-disposition"] == 'attachment; filename="download.yaml"'


def test_versions_are_listed_compared_and_restored(cleo: Visitor) -> None:
    key = cleo.api.template(named("story", "once"))
    cleo.done(f"/templates/{key}", {"source": named("story", "twice <b>")})
    versions = cleo.get(f"/templates/{key}/versions")
    assert "newest" in text_of(versions)
    assert f"/templates/{key}/diff?from=1&amp;to=2" in versions.text
    diff = cleo.get(f"/templates/{key}/diff", params={"from": 1, "to": 2})
    words = text_of(diff)
    assert "+1 and −1 lines" in words
    assert "− removed: - {id: q, prompt: once}" in words
    assert "+ added: - {id: q, prompt: twice <b>}" in words
    assert "<b>}" not in diff.text
    assert "Nothing differs." in cleo.page(f"/templates/{key}/diff", params={"from": 2, "to": 2})
    assert cleo.get(f"/templates/{key}/diff", params={"from": 1, "to": 9}).status_code == 404
    assert cleo.done(f"/templates/{key}/restore", {"version": "1"}) == f"/templates/{key}?done=template-restored"
    assert cleo.done(f"/templates/{key}/restore", {"version": "3"}) == f"/templates/{key}?done=template-same"
    assert "version 3" in cleo.page(f"/templates/{key}")
    assert "This is version 2" in cleo.page(f"/templates/{key}", params={"version": 2})


def test_lines_that_changed_stand_beside_one_another() -> None:
    (hunk,) = compare("a\nb\nc\n", "a\nB\nB2\nc\n")
    shown = [(pair.old and pair.old.text, pair.new and pair.new.text) for pair in pair_lines(hunk)]
    assert shown == [("a", "a"), ("b", "B"), (None, "B2"), ("c", "c")]
