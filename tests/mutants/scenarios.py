"""Short stories in which one rule of the protocol decides, for rules that chance rarely puts to the test."""

from dataclasses import replace

from gristmill.worker.keeper import COMMIT_SECONDS
from support.simulation.order import CALL
from support.simulation.process import Process
from support.simulation.provider import throttled
from support.simulation.world import Plan, World

PLAN = Plan(shards=(3,), repair=0, redraw=0)
# Every call counts, and they come one by one.
TIGHT = replace(PLAN, budget=3 * CALL, in_flight=1)


def spend_while_offering(world: World) -> None:
    """Calls that were told to wait go again while the store takes back what they no longer held."""
    worker = world.launch()
    # A moment before the commit, which offers back what nothing holds.
    world.advance(COMMIT_SECONDS - 0.25)
    for call in list(world.provider.in_flight):
        world.answer(call, throttled())
    worker.traps["commit_segment"] = "before"
    world.advance(1.0)
    assert _waits(worker, "commit_segment")
    world.calm()


def lose_power(world: World) -> None:
    """The journal's last lines never reached the disk; their calls are billed all the same."""
    world.launch()
    world.reboot(0, synced=0.4)
    world.launch()
    world.calm()


def settle_the_living(world: World) -> None:
    """Another worker starts on the disk of one that lives and goes on calling."""
    world.launch()
    world.launch()
    for _ in range(3):
        world.answer_all(share=1.0)
    world.calm()


def tidy_during_commit(world: World) -> None:
    """A segment's file lies there, is listed, and is committed before the tidying reads on."""
    worker = world.launch()
    worker.traps["put_new"] = "after"
    world.answer_all()
    assert _waits(worker, "put_new")
    tidier = world.tidy("list_shards")
    world.release_all(worker)
    assert world.seen.job.has_ended
    world.release_all(tidier)
    world.calm()


def _waits(process: Process, verb: str) -> bool:
    return [held.verb for held in process.held] == [verb]
