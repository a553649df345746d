"""Whatever happens to what it takes from, a kept template is what it was when it was kept, or is refused."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gristmill.adapters.sql import SqlStore, open_store
from gristmill.domain.ids import UserId
from gristmill.domain.template import TemplateVersion
from gristmill.errors import GristmillError, InvalidTemplateError
from gristmill.library.completing import complete_version
from gristmill.library.templates import keep_template, lint_here
from gristmill.recipes import compile_template

CHANCE = random.Random(11)
OWNERS = ("ann", "bob")
NAMES = ("base", "style")
ROUNDS = count()

steps = st.lists(
    st.tuples(
        st.sampled_from(["push", "publish", "unpublish", "delete"]),
        st.sampled_from(OWNERS),
        st.sampled_from(NAMES),
        st.integers(0, 3),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pins")


@asynccontextmanager
async def open_at(folder: Path) -> AsyncIterator[SqlStore]:
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    try:
        yield store
    finally:
        await store.close()


async def take_step(store: SqlStore, step: tuple[str, str, str, int], suffix: str) -> None:
    verb, who, name, number = step
    owner = UserId(f"{who}{suffix}")
    if verb == "push":
        taken = f"{{% include 'base{suffix}' %}}" if name == "style" and number % 2 else ""
        source = f'name: {name}{suffix}\nfragment: "{taken} {who} {number}"\n'
        await keep_template(source, owner, store, lint=lint_here, chance=CHANCE)
        return
    found = await store.find_template(owner, f"{name}{suffix}")
    if verb == "delete":
        await store.delete_template(owner, found.id)
    else:
        await store.publish_template(owner, found.id, published=verb == "publish")


async def play(store: SqlStore, played: Sequence[tuple[str, str, str, int]], suffix: str) -> None:
    for step in played:
        try:
            await take_step(store, step, suffix)
        except GristmillError:
            # Not there, not one's own, or what it takes from is not: nothing happened.
            continue


async def keep_user(store: SqlStore, suffix: str, reference: str) -> TemplateVersion:
    source = f"name: user{suffix}\nsteps:\n  - {{id: q, prompt: \"{{% include '{reference}' %}}\"}}\n"
    kept = await keep_template(source, UserId(f"ann{suffix}"), store, lint=lint_here, chance=CHANCE)
    return kept.version


@settings(max_examples=15, deadline=None)
@given(before=steps, after=steps, version=st.sampled_from(["", "@1", "@2"]), name=st.sampled_from(NAMES))
def test_a_kept_template_never_changes_its_meaning(
    folder: Path,
    before: list[tuple[str, str, str, int]],
    after: list[tuple[str, str, str, int]],
    version: str,
    name: str,
) -> None:
    async def check() -> None:
        suffix = f"-{next(ROUNDS)}"
        owner = UserId(f"ann{suffix}")
        async with open_at(folder) as store:
            await play(store, [("push", "bob", name, 1), ("publish", "bob", name, 1), *before], suffix)
            try:
                kept = await keep_user(store, suffix, f"{name}{suffix}{version}")
            except InvalidTemplateError:
                return
            whole = await complete_version(kept, owner, store)
            for step in after:
                await play(store, [step], suffix)
                try:
                    assert await complete_version(kept, owner, store) == whole
                except InvalidTemplateError as error:
                    assert "deleted or made private" in str(error)  # noqa: PT017 - either is right
        compile_template(whole)

    asyncio.run(check())
