"""From a job's row to what its records are made with."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager

from gristmill.datasets import StandingRecords, open_seeds
from gristmill.domain.job import Job
from gristmill.errors import ChangedInputsError
from gristmill.generation.means import Lane, Means
from gristmill.generation.pace import Pace
from gristmill.recipes import Recipe, compile_template, open_decks
from gristmill.recipes.recipe import DrawKey
from gristmill.worker.ports import WorkerPorts

# Calls in flight for one model of one worker, unless the order says otherwise.
MAX_IN_FLIGHT = 256


@contextmanager
def prepare(job: Job, ports: WorkerPorts) -> Iterator[Means]:
    """Recipe, seeds and lanes of a job, the seeds open for as long as the context.

    Raises ChangedInputsError if this release compiles the template otherwise.
    """
    order = job.order
    recipe = compile_template(order.template)
    if recipe.digest != order.recipe:
        raise ChangedInputsError(
            f"This release reads the template of job {job.id} differently from the one that created it "
            f"(recipe {recipe.digest[:12]}, was {order.recipe[:12]}). Go on with that release, or start a new job."
        )
    lanes = {
        name: Lane(model=model, pace=Pace(model.limits, ports.clock, ceiling=order.max_in_flight or MAX_IN_FLIGHT))
        for name, model in order.models.items()
    }
    paces = {name: lane.pace for name, lane in lanes.items()}
    with open_seeds(order.seeds, ports.blobs) as sets, ports.meter.watch(paces):
        yield Means(
            recipe=recipe,
            attempt_limit=job.attempt_limit,
            key=DrawKey(recipe=order.recipe, seeds=order.seeds, random_seed=order.random_seed),
            seeds=sets.get(""),
            decks=open_decks(recipe, sets),
            lanes={used: lanes[order.aliases[used]] for used in recipe.models},
            models=ports.models,
            standing=nothing_standing(recipe),
            clock=ports.clock,
            # Jitter alone is drawn from this: records draw from the recipe's own generators.
            chance=random.Random(),  # noqa: S311
            stop=asyncio.Event(),
            meter=ports.meter,
        )


def nothing_standing(recipe: Recipe) -> StandingRecords:
    """What stands of a job before any record is known."""
    return StandingRecords(uniques=recipe.uniques, similarities=recipe.similarities)
