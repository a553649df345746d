"""Jobs over HTTP, from the order to the records."""

from support.api import Api, problem


def test_a_job_is_ordered_made_and_read(ann: Api) -> None:
    job = ann.job(name="four")
    shown = ann.get(f"/jobs/{job}").json()
    assert (shown["status"], shown["name"], shown["records"]["asked"]) == ("queued", "four", 4)
    ended = ann.mill(job)
    assert (ended["status"], ended["records"]["accepted"]) == ("completed", 4)
    page = ann.get(f"/jobs/{job}/records").json()
    assert [item["slot"] for item in page["items"]] == [0, 1, 2, 3]
    assert page["items"][1]["record"]["city"] == "Oslo"


def test_a_job_of_another_owner_is_not_found(ann: Api, bob: Api) -> None:
    job = ann.job()
    problem(bob.get(f"/jobs/{job}"), 404, "not_found")
