"""Orders with a second seed set."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from gristmill.errors import InvalidSeedsError
from gristmill.jobs.create import create_job, plan_order
from gristmill.jobs.estimate import estimate_order
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.preview import preview_slots
from gristmill.jobs.request import JobRequest
from gristmill.jobs.seeds import keep_seeds
from gristmill.recipes import compile_template
from support.orders import a_request, chance, open_ports

TEMPLATE = """\
name: letters
defaults: {model: cheap, max_tokens: 50}
vary: {persona: {seeds: personas, weight: share}}
steps: [{id: letter, prompt: "{{ persona.name }} of {{ persona.home.town }} writes home from {{ city.name }}."}]
"""
ANN, BOB = ({"name": name, "home": {"town": "Ely"}, "share": share} for name, share in (("Ann", 1), ("Bob", 0)))


async def with_personas(
    ports: JobPorts, folder: Path, rows: Sequence[Mapping[str, object]], name: str = "personas"
) -> JobRequest:
    request = await a_request(ports, folder, template=TEMPLATE)
    path = folder / "personas.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = await keep_seeds({name: path}, ports.blobs)
    return await a_request(ports, folder, template=TEMPLATE, seeds={**request.seeds, **kept})


async def test_previews_and_estimates_draw_the_rows_that_a_worker_would(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await with_personas(ports, tmp_path, [BOB, ANN])
        recipe = compile_template(request.template)
        order = plan_order(recipe, request, ports)
        first, second = await preview_slots(recipe, order, request, ports, n=2)
        guess = await estimate_order(recipe, order, request, ports)
        job = await create_job(request, ports, chance=chance())
    assert first.values == second.values == {"persona": ANN}
    assert first.calls[0].messages[0].content == "Ann of Ely writes home from Lima."
    assert second.calls[0].messages[0].content == "Ann of Ely writes home from Oslo."
    assert guess.warnings == []
    assert job.order.seeds == {name: stored.digest for name, stored in request.seeds.items()}


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("personas", {"name": "Cid", "home": {}, "share": 1}, "seeds personas: seed row 2 has no 'home.town'"),
        ("personas", {"name": "Cid", "home": {"town": "Ely"}}, "seeds personas: row 2 has no 'share'"),
        ("personas", {"name": "Cid", "home": {"town": "Ely"}, "share": -1}, "row 2: '-1' is no weight"),
        ("persons", {}, "Did you mean 'personas'?"),
        ("zebras", {}, "without a name"),
    ],
)
async def test_a_set_that_cannot_be_drawn_from_is_refused_before_a_job_exists(
    tmp_path: Path, name: str, row: Mapping[str, object], words: str
) -> None:
    async with open_ports(tmp_path) as ports:
        request = await with_personas(ports, tmp_path, [ANN, row], name)
        with pytest.raises(InvalidSeedsError) as refused:
            await create_job(request, ports, chance=chance())
        assert await ports.store.list_jobs() == []
    assert words in " ".join(
        [str(refused.value), *(finding.message + finding.suggestion for finding in refused.value.findings)]
    )


async def test_a_set_that_is_not_there_is_named_with_what_to_add(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, template=TEMPLATE)
        with pytest.raises(InvalidSeedsError, match=r"with name, home\.town\. Add such seeds\."):
            await create_job(request, ports, chance=chance())
