"""`gristmill run`: an order from the shell, seen through to its end."""

import asyncio
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from gristmill.cli.boundary import about
from gristmill.cli.options import (
    OrderOptions,
    parse_budget,
    parse_models,
    parse_prices,
    parse_seeds,
    read_template,
)
from gristmill.cli.outcome import exit_code, show_outcome
from gristmill.cli.progress import JsonProgress, Progress, open_progress
from gristmill.cli.room import watching_room
from gristmill.cli.terminal import count, say
from gristmill.datasets import parse_splits, reading_of
from gristmill.errors import WorkersDiedError
from gristmill.jobs.export import parse_formats
from gristmill.jobs.follow import StopSwitch
from gristmill.jobs.run import Delivery, TakenUp
from gristmill.jobs.summary import export_json
from gristmill.wiring.mill import Milling, MillOrder, mill
from gristmill.wiring.places import DEFAULT_OUT, folder_place

AtLeastOne = validators.Number(gte=1)


async def run(
    template: Path,
    /,
    *,
    records: Annotated[int, Parameter(name=["--records", "-n"], validator=AtLeastOne)],
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = DEFAULT_OUT,
    formats: Annotated[str, Parameter(name="--format")] = "jsonl",
    splits: str | None = None,
    workers: Annotated[int, Parameter(validator=AtLeastOne)] = 1,
    as_json: Annotated[bool, Parameter(name="--json", negative=(), show_default=False)] = False,
    order: OrderOptions = OrderOptions(),
) -> int:
    """Make records; run the same command again to continue.

    Example: gristmill run templates/support-qa.yaml --seeds examples/products.jsonl --records 20 --budget 0.50

    Ctrl-C once finishes what is in flight and keeps it; twice stops at once. The same command goes on from there.

    Exit codes: 0 all made, 3 budget used up, 4 failed, 5 short (attempts used up), 2 bad input, 130 stopped.

    Parameters
    ----------
    template
        The template file.
    records
        How many accepted records to make.
    out
        The folder of the dataset; the job lies in its .gristmill.
    formats
        jsonl, csv, parquet, openai-chat, sharegpt, alpaca, dpo or huggingface; several with commas between.
    splits
        Splits and their shares, such as train=0.9,test=0.1: a file for each, or one huggingface folder.
    workers
        Worker processes.
    as_json
        Print one JSON object per event on stdout, and nothing else there.
    """
    with about(template):
        wanted = make_order(template, records, order)
        switch = StopSwitch()
        with open_progress(switch, as_json=as_json) as progress, pressing(switch, progress):
            milling = Milling(
                folder=out,
                workers=workers,
                formats=parse_formats(formats),
                shares=parse_splits(splits) if splits else None,
                announce=lambda taken: announce(taken, wanted, out, as_json=as_json),
                watch=watching_room(progress.watch, out),
            )
            delivery = await _mill(wanted, milling, switch)
    if isinstance(progress, JsonProgress):
        tell_end(progress, delivery)
    else:
        show_outcome(delivery, out, command=shlex.join(["gristmill", *sys.argv[1:]]))
    return exit_code(delivery.report.job.status)


def make_order(template: Path, records: int, options: OrderOptions) -> MillOrder:
    """The order that a template and options stand for. Raises BadInputError."""
    return MillOrder(
        template=read_template(template),
        records=records,
        seeds=parse_seeds(options.seeds),
        reading=reading_of(options.split, options.encoding),
        models=parse_models(options.model),
        prices=parse_prices(options.price),
        budget=parse_budget(options.budget),
        random_seed=options.random_seed,
        max_in_flight=options.concurrency,
    )


def announce(taken: TakenUp, wanted: MillOrder, out: Path, *, as_json: bool) -> None:
    """A line about what is being made, whether it goes on from before, and which option comes too late."""
    order = taken.job.order
    if wanted.max_in_flight not in {None, order.max_in_flight}:
        kept = f"with {order.max_in_flight}" if order.max_in_flight else "without a limit"
        say(f"warning: --concurrency is left aside: the job was made {kept}, and goes on so.", style="yellow")
    if as_json:
        return
    models = ", ".join(sorted(set(order.aliases.values())))
    verb = "Going on with" if taken.is_continued else "Making"
    say(f"{verb} {count(taken.job.records, 'record')} of {order.name} with {models} in {out}/", style="bold")


def tell_end(progress: JsonProgress, delivery: Delivery) -> None:
    """The last events of a run: what was exported, and how it ended."""
    folder = delivery.summary.parent
    for export in delivery.exports:
        progress.tell(delivery.report, "export", export_json(export, folder))
    job = delivery.report.job
    rejects = str(delivery.rejects.path) if delivery.rejects else None
    fields = {"status": job.status, "reason": job.detail, "summary": str(delivery.summary), "rejects": rejects}
    progress.tell(delivery.report, "end", fields)


@contextmanager
def pressing(switch: StopSwitch, progress: Progress) -> Iterator[None]:
    """Let SIGINT and SIGTERM press the switch while the block runs."""
    loop = asyncio.get_running_loop()

    def press() -> None:
        switch.press()
        if not isinstance(progress, JsonProgress) and not switch.now.is_set():
            say("\nStopping: calls in flight finish and are kept. Once more stops at once.", style="yellow")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, press)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _mill(order: MillOrder, milling: Milling, switch: StopSwitch) -> Delivery:
    try:
        return await mill(order, milling, switch)
    except WorkersDiedError as error:
        raise WorkersDiedError(f"{error} Their logs are in {folder_place(milling.folder).logs}") from error
