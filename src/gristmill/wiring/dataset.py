"""Gristmill from Python: an order in, a dataset out."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from gristmill.datasets import PLAIN_READING, reading_of
from gristmill.domain.completion import ModelName
from gristmill.domain.json import Json, JsonObject
from gristmill.domain.money import parse_usd
from gristmill.errors import BadInputError
from gristmill.jobs.export import parse_formats
from gristmill.jobs.follow import StopSwitch
from gristmill.jobs.run import DATASET_STEM
from gristmill.wiring.mill import Milling, MillOrder, mill

if TYPE_CHECKING:
    import pyarrow as pa

# A file of seeds, or their rows.
Seeds: TypeAlias = str | Path | Iterable[Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Records that lie in a folder: iterating reads them one by one, so any number of them needs little memory."""

    folder: Path
    records: int
    summary: JsonObject

    @property
    def file(self) -> Path:
        """The records as JSON lines."""
        return self.folder / f"{DATASET_STEM}.jsonl"

    def __len__(self) -> int:
        return self.records

    def __iter__(self) -> Iterator[dict[str, Json]]:
        with self.file.open("rb") as lines:
            for line in lines:
                yield orjson.loads(line)

    def to_arrow(self) -> "pa.Table":
        """All records as an Arrow table."""
        import pyarrow as pa  # noqa: PLC0415

        return pa.Table.from_pylist(list(self))

    def to_pandas(self) -> Any:  # noqa: ANN401 - pandas is the user's to install
        """All records as a pandas data frame. Raises ImportError without pandas."""
        return import_module("pandas").DataFrame.from_records(list(self))

    def to_datasets(self) -> Any:  # noqa: ANN401 - datasets is the user's to install
        """All records as a Hugging Face dataset. Raises ImportError without `datasets`."""
        return import_module("datasets").Dataset.from_list(list(self))


def run(
    template: str | Path,
    *,
    records: int,
    seeds: Seeds | Mapping[str, Seeds] | None = None,
    budget_usd: Decimal | float | str | None = None,
    models: Mapping[str, str] | str | None = None,
    out: str | Path = "out",
    random_seed: int | None = None,
    workers: int = 1,
    formats: str = "jsonl",
    encoding: str = PLAIN_READING.encoding,
) -> Dataset:
    """Make `records` accepted records in the folder `out`, or go on making them, and return the dataset.

    `template` is a file, or the template's text when it has more than one line. `seeds` is a file or rows, or
    a mapping of several by name, the one of the seeds themselves under ""; `encoding` is that of files which are
    neither UTF-8 nor marked. `models` say what the template's models stand for: a mapping, or one model for all.
    `formats`, such as `parquet,huggingface`, are written beside the JSON lines. What was made is returned whatever
    ended the job; `summary["status"]` says what did. Blocks, also where an event loop is running, as in a notebook.
    Raises GristmillError for what is refused.
    """
    order = MillOrder(
        template=_read_template(template),
        records=records,
        models={name: ModelName(model) for name, model in _by_alias(models).items()},
        budget=None if budget_usd is None else parse_usd(str(budget_usd)),
        random_seed=random_seed,
        reading=reading_of(PLAIN_READING.split, encoding),
    )
    milling = Milling(folder=Path(out), workers=workers, formats=parse_formats(f"jsonl,{formats}"))
    with tempfile.TemporaryDirectory(prefix="gristmill-") as folder:
        named = seeds if isinstance(seeds, Mapping) else {} if seeds is None else {"": seeds}
        files = {name: _seeds_file(one, Path(folder) / f"{n}.jsonl") for n, (name, one) in enumerate(named.items())}
        return _wait_for(lambda: asyncio.run(_run(replace(order, seeds=files), milling)))


def _wait_for(verb: Callable[[], Dataset]) -> Dataset:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return verb()
    # A loop cannot run inside another one of its thread, so it gets a thread of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(verb).result()


async def _run(order: MillOrder, milling: Milling) -> Dataset:
    delivery = await mill(order, milling, StopSwitch())
    records = delivery.exports[0].file.records
    return Dataset(folder=delivery.summary.parent, records=records, summary=orjson.loads(delivery.summary.read_bytes()))


def _read_template(template: str | Path) -> str:
    if isinstance(template, str) and "\n" in template:
        return template
    path = Path(template)
    if not path.is_file():
        raise BadInputError(f"There is no template {path}.")
    return path.read_text(encoding="utf-8")


def _by_alias(models: Mapping[str, str] | str | None) -> Mapping[str, str]:
    return {"": models} if isinstance(models, str) else models or {}


def _seeds_file(seeds: Seeds, path: Path) -> Path:
    if isinstance(seeds, str | Path):
        return Path(seeds)
    with path.open("wb") as file:
        file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in seeds)
    return path
