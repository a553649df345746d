"""The exports of a job: asked for, watched until they are made, and downloaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Header, Path, Request, Response

from gristmill.domain.export import ExportStatus, ExportWish, MarksWish
from gristmill.domain.ids import ExportId
from gristmill.domain.job import Job
from gristmill.errors import BadInputError, GristmillError
from gristmill.jobs.export import FORMATS, recipe_for_export
from gristmill.jobs.marks import has_marks
from gristmill.jobs.report import read_report
from gristmill.server.caller import Caller
from gristmill.server.exports import ONE_RANGE, order_export, send_export
from gristmill.server.statuses import status_of
from gristmill.web.job.page import head_values
from gristmill.web.job.view import JobView
from gristmill.web.owned import OwnJob
from gristmill.web.page import go_to, render
from gristmill.web.visitor import Visitor

router = APIRouter()

SPLITS = ("train", "validation", "test")
# What each format is for, in a few words.
FORMAT_WORDS: Mapping[str, str] = {
    "jsonl": "JSON Lines: one record a line",
    "csv": "CSV: for spreadsheets",
    "parquet": "Parquet: small, typed columns",
    "openai-chat": "OpenAI chat: messages to fine-tune on",
    "sharegpt": "ShareGPT: conversations",
    "alpaca": "Alpaca: instruction, input, output",
    "dpo": "DPO: prompt, chosen, rejected",
    "huggingface": "Hugging Face: a folder that load_dataset opens",
}

MARKS: Mapping[MarksWish, str] = {
    "none": "All records, marks left out",
    "column": "All records, with a column _mark",
    "not_bad": "All but those marked bad",
    "good": "Only those marked good",
}

Text = Annotated[str, Form(max_length=200)]
ExportPath = Annotated[str, Path(alias="id", max_length=64)]
Part = Annotated[str | None, Header(alias="Range", pattern=ONE_RANGE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportForm:
    """An export as somebody asks for it: shares as they were typed, by split."""

    format: str = "jsonl"
    shares: Mapping[str, str] = field(default_factory=dict)
    partition_by: str = ""
    marks: str = "none"
    lineage: bool = False

    def wish(self) -> ExportWish:
        """What it asks for. Raises BadInputError for a share that is no number."""
        shares = {name: _share(name, typed) for name, typed in self.shares.items() if typed.strip()}
        return ExportWish(
            format=self.format,
            split=shares or None,
            partition_by=self.partition_by or None,
            marks=next((name for name in MARKS if name == self.marks), "none"),
            lineage=self.lineage,
        )


@router.get("/jobs/{id}/exports")
async def show_exports(request: Request, caller: Visitor, job: OwnJob) -> Response:
    """What was exported, and the form to ask for more."""
    # Whoever marked records meant something by it.
    marks: MarksWish = "column" if await has_marks(caller.service.store, job.id) else "none"
    return await _show(request, caller, job, ExportForm(marks=marks))


@router.post("/jobs/{id}/exports")
async def ask(
    request: Request,
    caller: Visitor,
    job: OwnJob,
    *,
    format: Text = "",  # noqa: A002 - a field of the form
    train: Text = "",
    validation: Text = "",
    test: Text = "",
    partition_by: Text = "",
    marks: Text = "none",
    lineage: Text = "",
) -> Response:
    """Ask for the records as they stand now."""
    shares = dict(zip(SPLITS, (train, validation, test), strict=True))
    form = ExportForm(format=format, shares=shares, partition_by=partition_by, marks=marks, lineage=bool(lineage))
    try:
        export = await order_export(caller, job, form.wish())
    except GristmillError as error:
        return await _show(request, caller, job, form, wrong=str(error), status=status_of(error))
    done = "export-made" if export.status is ExportStatus.DONE else "export-begun"
    return go_to(f"/jobs/{job.id}/exports", done)


@router.get("/exports/{id}/download")
async def download(caller: Visitor, export: ExportPath, part: Part = None) -> Response:
    """The file of an export that is done."""
    return await send_export(caller, ExportId(export), part)


async def _show(
    request: Request, caller: Caller, job: Job, form: ExportForm, *, wrong: str = "", status: int = 200
) -> Response:
    service = caller.service
    exports = await service.store.list_exports(job.id)
    view = JobView(report=await read_report(service.store, service.clock, job.id), exports=exports)
    return render(
        request,
        "jobs/exports.html",
        status=status,
        form=form,
        wrong=wrong,
        formats={name: FORMAT_WORDS[name] for name in FORMATS},
        marks=MARKS,
        splits=SPLITS,
        fields=recipe_for_export(job).record_fields,
        is_pending=any(export.status in {ExportStatus.QUEUED, ExportStatus.RUNNING} for export in exports),
        **head_values(view),
    )


def _share(name: str, typed: str) -> float:
    """A share as it was typed: 0.9, or 90%."""
    text = typed.strip().replace(",", ".")
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise BadInputError(f"The share of {name} is a number between 0 and 1, not {typed!r}.") from error
