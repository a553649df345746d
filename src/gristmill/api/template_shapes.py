"""The shapes of templates and seed sets."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from gristmill.api.shapes import In, JobShape, JsonRecord, ModelNames, SeedIds, Usd
from gristmill.datasets import PLAIN_READING
from gristmill.domain.json import JsonObject
from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.domain.seeds import SeedSet
from gristmill.domain.template import Template, TemplateVersion
from gristmill.jobs.report import time_json
from gristmill.library.differences import DiffLine, TemplateDiff

# A little more than the most a template may have, so that the refusal says what the limit is.
MOST_SOURCE = 300_000


class SourceIn(In):
    """A template's source, in YAML."""

    source: str = Field(max_length=MOST_SOURCE)


class Origin(BaseModel):
    """What a template was forked from."""

    template: str
    version: int


class TemplateShape(BaseModel):
    """A template, whatever its version; `version` is its newest."""

    id: str
    name: str
    description: str
    version: int
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None
    published_at: datetime | None
    forked_from: Origin | None
    is_yours: bool


class TemplateWithSource(TemplateShape):
    """A template at one of its versions, with its source."""

    source: str
    version_created_at: datetime


class VersionShape(BaseModel):
    """One version of a template; `takes` says what its references were pinned to."""

    version: int
    created_at: datetime
    takes: dict[str, Origin]


class DiffLineShape(BaseModel):
    """A line that stands in one version or both, with its number in each, from 1."""

    kind: Literal["same", "removed", "added"]
    text: str
    old: int | None
    new: int | None


class DiffShape(BaseModel):
    """What differs: as a unified diff, and as hunks of lines to show side by side."""

    old: int
    new: int
    unified: str
    hunks: list[list[DiffLineShape]]


class ForkIn(In):
    """At which version; the newest when left out."""

    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class LintIn(SourceIn):
    """A source, and seed sets it is checked against."""

    seeds: SeedIds | None = None


class FindingShape(BaseModel):
    """One thing that is wrong or doubtful; lines and columns count from 1, 0 is unknown."""

    severity: Literal["error", "warning"]
    code: str
    message: str
    suggestion: str
    line: int
    column: int
    path: str


class LintShape(BaseModel):
    """What was found; a template without an error can be saved and run."""

    findings: list[FindingShape]


class PreviewIn(SourceIn):
    """A few records before many: without calls their draws and prompts, with calls what models make of them."""

    seeds: SeedIds | None = None
    n: int = Field(default=3, ge=1, le=20)
    call: bool = False
    models: ModelNames = Field(default_factory=dict)
    budget_usd: Usd | None = None
    random_seed: int | None = Field(default=None, ge=-(2**63) + 1, le=2**63 - 1)

    @property
    def budget(self) -> NanoUsd | None:
        """In nano-dollars, if one is given."""
        return None if self.budget_usd is None else parse_usd(self.budget_usd)


class PreviewShape(BaseModel):
    """One item for each record, or with calls for each attempt; `job` is the job that made the calls."""

    items: list[JsonRecord]
    job: JobShape | None


class SeedColumnShape(BaseModel):
    """A column: the types seen in it, how many rows have it, and a value as JSON, cut short."""

    name: str
    types: list[str]
    present: int
    sample: str


class SeedSetShape(BaseModel):
    """A set of rows. The id is a digest of the rows: the same rows brought again are the same set."""

    id: str
    name: str
    rows: int
    bytes: int
    columns: list[SeedColumnShape]
    job: str | None
    created_at: datetime


class UploadIn(In):
    """A file that will be sent to an address of its own."""

    name: str = Field(max_length=1_000, description="Its ending says what it holds.", examples=["products.csv.gz"])


class UploadShape(BaseModel):
    """Where to send the file, with PUT, and until when."""

    id: str
    url: str
    expires_at: datetime


class UploadCompleteIn(In):
    """How the file is to be read."""

    split: int = Field(default=PLAIN_READING.split, ge=1, le=1_000_000)
    encoding: str = Field(default=PLAIN_READING.encoding, max_length=40)


class SeedRowShape(BaseModel):
    """A row, by its number from 0."""

    row: int
    seed: JsonRecord


class SeedCheckIn(In):
    """The template that the rows shall fit."""

    template: str = Field(max_length=64)
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    name: str = Field(default="", max_length=64, description="The name that the template's `vary` gives the set.")


class SeedsGenerateIn(In):
    """Rows that a model makes by a template; each accepted record becomes a row."""

    template: str = Field(max_length=64)
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    n: int = Field(ge=1, le=100_000)
    budget_usd: Usd | None = None
    models: ModelNames = Field(default_factory=dict)
    seeds: SeedIds | None = None
    name: str = Field(default="", max_length=200)

    @property
    def budget(self) -> NanoUsd | None:
        """In nano-dollars, if one is given."""
        return None if self.budget_usd is None else parse_usd(self.budget_usd)


def seed_ids_of(seeds: str | dict[str, str] | None) -> dict[str, str]:
    """The ids of seed sets by name; the one that slots go through is named ""."""
    return {"": seeds} if isinstance(seeds, str) else seeds or {}


def template_json(template: Template, user: str) -> JsonObject:
    """The shape of a template."""
    origin = template.origin
    return {
        "id": template.id,
        "name": template.name,
        "description": template.description,
        "version": template.newest,
        "created_at": time_json(template.created_at),
        "changed_at": time_json(template.changed_at),
        "archived_at": time_json(template.archived_at),
        "published_at": time_json(template.published_at),
        "forked_from": {"template": origin.template, "version": origin.version} if origin else None,
        "is_yours": template.owner == user,
    }


def version_json(version: TemplateVersion) -> JsonObject:
    """The shape of a version."""
    takes: JsonObject = {name: {"template": ref.template, "version": ref.version} for name, ref in version.pins.items()}
    return {"version": version.version, "created_at": time_json(version.created_at), "takes": takes}


def diff_json(diff: TemplateDiff) -> JsonObject:
    """The shape of a difference."""
    hunks = [[_diff_line_json(line) for line in hunk] for hunk in diff.hunks]
    return {"old": diff.old.version, "new": diff.new.version, "unified": diff.unified, "hunks": [*hunks]}


def seed_set_json(line: SeedSet) -> JsonObject:
    """The shape of a seed set."""
    return {
        "id": line.digest,
        "name": line.name,
        "rows": line.rows,
        "bytes": line.bytes,
        "columns": [
            {"name": one.name, "types": [*one.types], "present": one.present, "sample": one.sample}
            for one in line.columns
        ],
        "job": line.job,
        "created_at": time_json(line.created_at),
    }


def _diff_line_json(line: DiffLine) -> JsonObject:
    return {"kind": line.kind, "text": line.text, "old": line.old, "new": line.new}
