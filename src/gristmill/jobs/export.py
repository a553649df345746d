"""The records of a job as files in a format, whatever ended it or whether anything has."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, get_args
from urllib.parse import quote

from gristmill.datasets import (
    CONVENTIONS,
    KEYS,
    Format,
    Splits,
    export_folder,
    export_records,
    find_convention,
    line_of,
    read_records,
)
from gristmill.datasets.lineage import LINEAGE
from gristmill.domain.export import MarksWish
from gristmill.domain.job import Job
from gristmill.domain.json import JsonObject, canonical
from gristmill.domain.record import Row
from gristmill.errors import BadInputError, RenderError, TemplateTooExpensiveError, UnfitRecordError
from gristmill.jobs.card import card_text
from gristmill.jobs.marked import MARK, marked
from gristmill.jobs.ports import JobPorts
from gristmill.jobs.report import read_report
from gristmill.jobs.summary import ExportedAs
from gristmill.recipes import Recipe, compile_template, fill_export
from gristmill.recipes.limits import OPTIONAL_EXPORT_KEYS

TrainerFormat: TypeAlias = Literal["openai-chat", "sharegpt", "alpaca", "dpo"]
AnyFormat: TypeAlias = Format | TrainerFormat | Literal["huggingface"]

FILES: tuple[Format, ...] = get_args(Format)
TRAINERS: tuple[TrainerFormat, ...] = get_args(TrainerFormat)
FORMATS: tuple[AnyFormat, ...] = (*FILES, *TRAINERS, "huggingface")

DATASET_STEM = "dataset"


# A file for each value of a field: past it the field is no label.
MOST_PARTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOrder:
    """What to write of a job: the format, how records are handed on, the splits if there are any, lineage and marks.

    `partition_by` is a field of the record by whose value records are parted, into a folder each.
    """

    format: AnyFormat
    recipe: Recipe
    shares: Mapping[str, float] | None = None
    partition_by: str | None = None
    lineage: bool = False
    marks: MarksWish = "none"


def parse_formats(text: str) -> Sequence[AnyFormat]:
    """Formats written as `jsonl,csv`. Raises BadInputError for one that is not known."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    known = [name for name in FORMATS if name in names]
    if not names or len(known) != len(set(names)):
        wrong = sorted(set(names) - set(FORMATS)) or [text]
        raise BadInputError(f"There is no format {wrong[0]!r}: use {', '.join(FORMATS)}, several with commas between.")
    return known


def default_name(fmt: AnyFormat) -> str:
    """Where a format lies in a job's folder."""
    if fmt == "huggingface":
        return fmt
    return f"{DATASET_STEM}.{fmt}.jsonl" if fmt in TRAINERS else f"{DATASET_STEM}.{fmt}"


def refuse_unmapped(
    recipe: Recipe, formats: Sequence[AnyFormat], *, lineage: bool = False, marks: MarksWish = "none"
) -> None:
    """Raise BadInputError for a format that this recipe's records do not become."""
    for fmt in formats:
        if fmt in CONVENTIONS and fmt not in recipe.exports and find_convention(fmt, recipe.record_fields) is None:
            raise BadInputError(_unmapped(recipe, fmt))
        if lineage and LINEAGE in _fields_of(recipe, fmt):
            raise BadInputError(f"The record has a field {LINEAGE!r} of its own, so there is no place for lineage.")
        if marks == "column" and MARK in _fields_of(recipe, fmt):
            raise BadInputError(f"The record has a field {MARK!r} of its own, so there is no place for marks.")


def _unmapped(recipe: Recipe, fmt: AnyFormat) -> str:
    wanted = ", ".join(f"{key}: {_sample(recipe, key)}" for key in KEYS[fmt] if key not in OPTIONAL_EXPORT_KEYS)
    fields = ", ".join(recipe.record_fields)
    return (
        f"The records of {recipe.name} have the fields {fields}, from which no convention makes {fmt}."
        f" Say in the template what it takes, such as\n  export:\n    {fmt}: {{{wanted}}}"
    )


def _sample(recipe: Recipe, key: str) -> str:
    text = f'"{{{{ record.{recipe.record_fields[0]} }}}}"'
    if key in {"messages", "conversations"}:
        return f"[{{role: user, content: {text}}}, {{role: assistant, content: …}}]"
    return text


async def export_job(ports: JobPorts, job: Job, order: ExportOrder, path: Path) -> Sequence[ExportedAs]:
    """Write the standing records in the order of their slots to `path`, whole or not at all.

    With shares each split is a file of its own beside `path`; huggingface is a folder that holds them all. Raises
    UnfitRecordError, which names the slot, and what `refuse_unmapped` raises.
    """
    refuse_unmapped(order.recipe, [order.format], lineage=order.lineage, marks=order.marks)
    splits = Splits(shares=order.shares, random_seed=job.order.random_seed) if order.shares else None
    if order.format == "huggingface":
        return [await _export_folder(ports, job, order, path, splits or Splits())]
    if order.partition_by is not None:
        return await _export_parts(ports, job, order, path)
    if splits is None:
        return [await _export_file(order, path, await _read(ports, job, order))]
    return [
        await _export_file(order, split_path(path, name), _within(await _read(ports, job, order), splits, name))
        for name in splits.shares
    ]


def refuse_partition(order: ExportOrder) -> None:
    """Raise BadInputError for parts that cannot be: of a field that is none, or besides splits."""
    if order.partition_by is None:
        return
    if order.shares or order.format == "huggingface":
        raise BadInputError("Records are parted either by a field or into splits, and a huggingface folder by splits.")
    if order.partition_by not in order.recipe.record_fields:
        fields = ", ".join(order.recipe.record_fields)
        raise BadInputError(f"The records have no field {order.partition_by!r} to be parted by: they have {fields}.")


async def _export_parts(ports: JobPorts, job: Job, order: ExportOrder, path: Path) -> Sequence[ExportedAs]:
    refuse_partition(order)
    values = dict[str, None]()
    async for row in await _read(ports, job, order):
        values[_part_of(row, order)] = None
        if len(values) > MOST_PARTS:
            raise BadInputError(f"The field {order.partition_by!r} has more than {MOST_PARTS} values: it is no label.")
    return [
        await _export_file(order, _part_path(path, name), _of_part(await _read(ports, job, order), order, name))
        for name in sorted(values)
    ]


def _part_path(path: Path, part: str) -> Path:
    folder = path.parent / part
    folder.mkdir(exist_ok=True)
    return folder / path.name


def _part_of(row: Row, order: ExportOrder) -> str:
    """The folder of a record's part, as Hive names it: FIELD=VALUE, percent-encoded."""
    field = order.partition_by or ""
    value = (row.record or {}).get(field)
    text = value if isinstance(value, str) else canonical(value)
    # A name has at most 255 bytes, and none of a value's may lead out of the folder.
    return f"{quote(field, safe='')}={quote(text, safe=' ')[:150]}"


async def _of_part(rows: AsyncIterator[Row], order: ExportOrder, part: str) -> AsyncIterator[Row]:
    async for row in rows:
        if _part_of(row, order) == part:
            yield row


def split_path(path: Path, split: str) -> Path:
    """The file of a split: its name stands before the ending."""
    return path.with_name(f"{path.stem}.{split}{path.suffix}")


async def _read(ports: JobPorts, job: Job, order: ExportOrder) -> AsyncIterator[Row]:
    rows = read_records(ports.blobs, job.id, await ports.store.read_manifest(job.id), lineage=order.lineage)
    return rows if order.marks == "none" else marked(rows, job.id, order.marks, ports.marks)


async def _within(rows: AsyncIterator[Row], splits: Splits, name: str) -> AsyncIterator[Row]:
    async for row in rows:
        if splits.of(row.slot) == name:
            yield row


async def _export_file(order: ExportOrder, path: Path, rows: AsyncIterator[Row]) -> ExportedAs:
    fmt: Format = order.format if order.format in FILES else "jsonl"
    fields = _columns_of(order)
    written = await export_records(_shaped(rows, order), fmt, path, fields=fields, lineage=order.lineage)
    return ExportedAs(format=order.format, file=written)


async def _export_folder(ports: JobPorts, job: Job, order: ExportOrder, path: Path, splits: Splits) -> ExportedAs:
    report = await read_report(ports.store, ports.clock, job.id)
    written = await export_folder(
        _shaped(await _read(ports, job, order), order),
        path,
        fields=_columns_of(order),
        splits=splits,
        card=lambda facts: card_text(report, order.recipe, facts),
        lineage=order.lineage,
    )
    return ExportedAs(format=order.format, file=written)


def _fields_of(recipe: Recipe, fmt: AnyFormat) -> Sequence[str]:
    if fmt in KEYS:
        return KEYS[fmt]
    return tuple(recipe.exports[fmt].fields) if fmt in recipe.exports else recipe.record_fields


def _columns_of(order: ExportOrder) -> Sequence[str]:
    fields = _fields_of(order.recipe, order.format)
    return (*fields, MARK) if order.marks == "column" else fields


async def _shaped(rows: AsyncIterator[Row], order: ExportOrder) -> AsyncIterator[Row]:
    """The rows with records as the format takes them."""
    shape = _shape_of(order)
    async for row in rows:
        yield row if shape is None else replace(row, record={**shape(row), **_mark_of(row)})


def _mark_of(row: Row) -> JsonObject:
    """What stands beside the record's own fields, whatever the format makes of those."""
    record = row.record or {}
    return {MARK: record[MARK]} if MARK in record else {}


def _shape_of(order: ExportOrder) -> Callable[[Row], JsonObject] | None:
    recipe, fmt = order.recipe, order.format
    fill = _fill_of(recipe, fmt)
    if fill is None:
        return None

    def shape(row: Row) -> JsonObject:
        try:
            fields = fill(row)
            return line_of(fmt, fields) if fmt in KEYS else fields
        except (UnfitRecordError, RenderError, TemplateTooExpensiveError) as error:
            raise UnfitRecordError(f"The record of slot {row.slot} cannot be written as {fmt}: {error}.") from error

    return shape


def _fill_of(recipe: Recipe, fmt: AnyFormat) -> Callable[[Row], JsonObject] | None:
    if (export := recipe.exports.get(fmt)) is not None:
        return lambda row: fill_export(export, row.record or {}, row.slot)
    convention = find_convention(fmt, recipe.record_fields) if fmt in CONVENTIONS else None
    return None if convention is None else lambda row: convention.apply(row.record or {})


def recipe_for_export(job: Job, template: str | None = None) -> Recipe:
    """The job's recipe, or that of a template which makes the same records and says how to export them.

    Raises InvalidTemplateError, and BadInputError for a template that makes other records.
    """
    recipe = compile_template(template or job.order.template)
    if recipe.digest != job.order.recipe:
        raise BadInputError(
            f"The template makes other records than the job's ({recipe.digest[:12]}, not {job.order.recipe[:12]})."
            " Change nothing but its `export` key."
        )
    return recipe
