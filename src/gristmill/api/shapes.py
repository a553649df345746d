"""The shapes of interfaces: what requests bring and answers hold, with examples for the documentation."""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from gristmill.domain.export import ExportStatus, MarksWish
from gristmill.domain.job import JobKind, JobStatus
from gristmill.domain.money import NanoUsd, parse_usd
from gristmill.jobs.request import MOST_RECORDS, MOST_SEED
from gristmill.server.orders import NamedOrder

_PLAIN_USD = r"^[0-9]{1,10}(\.[0-9]{1,9})?$"


def _plain_usd(value: object) -> object:
    """Text of ASCII digits with a point: Decimal reads exponents, underscores, spaces and other scripts' digits too."""
    if isinstance(value, bool) or (isinstance(value, str) and not re.match(_PLAIN_USD, value, re.ASCII)):
        raise ValueError("write US dollars in digits, with at most nine decimals, such as 2.50")
    return value


# Money that comes in: text or a number, at most nine decimals. Money that goes out is exact decimal text.
Usd = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000_000, max_digits=19, decimal_places=9, examples=["2.50"], description="US dollars."),
    BeforeValidator(_plain_usd),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^([0-9]{1,9}(\.[0-9]{1,9})?|1000000000(\.0{1,9})?)$"},
                {"type": "number", "minimum": 0, "maximum": 1_000_000_000},
            ]
        }
    ),
    PlainSerializer(str, return_type=str),
]
UsdText = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2,9}$", examples=["2.50"], description="US dollars.")]

JsonRecord = dict[str, Any]

# Ids and names that people write: nothing in them reaches a path.
IdText = Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")]
SeedIds = IdText | dict[IdText, IdText]
ModelText = Annotated[str, Field(max_length=256)]
ModelNames = dict[ModelText, ModelText]
JobIdText = Annotated[str, Field(pattern=r"^[0-9a-z-]{1,64}$", examples=["20261123-101500-k3x9m2qa"])]


class In(BaseModel):
    """What a request brings: a name that is not known is refused, for it is most likely misspelt."""

    model_config = ConfigDict(extra="forbid")


class TemplateOfJob(BaseModel):
    """The template a job was made from; `id` and `version` are null when it was given as text."""

    id: str | None
    name: str
    version: int | None
    digest: str


class RecordCounts(BaseModel):
    """Accepted and asked count records, rejected attempts, in flight those in the making, if any worker says so."""

    asked: int
    accepted: int
    rejected: int
    in_flight: int | None


class MoneyShape(BaseModel):
    """The budget and where it went. `presumed` and `lost` are not billed, and count against the budget."""

    budget_usd: UsdText
    billed_usd: UsdText
    presumed_usd: UsdText
    lost_usd: UsdText
    held_usd: UsdText


class CallCountsShape(BaseModel):
    """How calls ended."""

    made: int
    retried: int
    failed: int
    replayed: int


class TokensShape(BaseModel):
    """`cached` and `cache_written` are parts of input, `reasoning` of output."""

    input: int
    output: int
    cached: int
    cache_written: int
    reasoning: int


class JobShape(BaseModel):
    """A job as it stands."""

    id: JobIdText
    name: str
    kind: JobKind
    status: JobStatus
    status_reason: str
    template: TemplateOfJob
    seeds: dict[str, str]
    random_seed: int
    models: dict[str, str]
    records: RecordCounts
    money: MoneyShape
    calls: CallCountsShape
    tokens: TokensShape
    records_per_second: float | None
    eta_seconds: int | None
    workers: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class OrderIn(In):
    """An order of records: from a kept template, with the owner's seed sets."""

    template: str = Field(max_length=64, description="The template's id.")
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="One of its versions; else the newest.")
    seeds: SeedIds | None = Field(
        default=None, description="The id of a seed set, or several by the names that the template's `vary` gives them."
    )
    records: int = Field(ge=1, le=MOST_RECORDS, description="How many accepted records.")
    budget_usd: Usd | None = Field(default=None, description="The most it may cost; needed when a model has a price.")
    models: ModelNames = Field(
        default_factory=dict, description="What the template's models stand for: ALIAS: PROVIDER:MODEL."
    )
    random_seed: int | None = Field(default=None, ge=-MOST_SEED, le=MOST_SEED)
    checks: list[JsonRecord] | None = Field(
        default=None, max_length=64, description="Checks in place of the template's."
    )

    @property
    def budget(self) -> NanoUsd | None:
        """The budget in nano-dollars, if one is given."""
        return None if self.budget_usd is None else parse_usd(self.budget_usd)

    @property
    def seed_ids(self) -> dict[str, str]:
        """The ids of seed sets by name; the one that slots go through is named ""."""
        return {"": self.seeds} if isinstance(self.seeds, str) else self.seeds or {}

    @property
    def order(self) -> NamedOrder:
        """As the server takes it."""
        return NamedOrder(
            template=self.template,
            version=self.version,
            seeds=self.seed_ids,
            records=self.records,
            budget=self.budget,
            models=self.models,
            random_seed=self.random_seed,
            checks=self.checks,
        )


class JobIn(OrderIn):
    """An order with a name of its own."""

    name: str = Field(default="", max_length=200, description="What you call the job; else the template's name.")
    kind: Literal["dataset", "pilot"] = Field(
        default="dataset", description="A pilot makes at most 20 records, spread over the order, to be measured."
    )

    @property
    def order(self) -> NamedOrder:
        """As the server takes it."""
        return replace(super().order, name=self.name, is_pilot=self.kind == "pilot")


class TopUpIn(In):
    """The whole budget, what is spent included."""

    budget_usd: Usd

    @property
    def nano_usd(self) -> NanoUsd:
        """The budget in nano-dollars."""
        return parse_usd(self.budget_usd)


class ExtendIn(In):
    """How many records the job shall have in all."""

    records: int = Field(ge=1, le=MOST_RECORDS)


class RangeShape(BaseModel):
    """A number that is not known yet, as a range."""

    low: float
    likely: float
    high: float


class TokenRanges(BaseModel):
    """Tokens in and out."""

    input: RangeShape
    output: RangeShape


class UsdRange(BaseModel):
    """Money as a range."""

    low: UsdText
    likely: UsdText
    high: UsdText


class UsdRangeWithWorst(UsdRange):
    """`worst` is what is held when every attempt and repair is used up."""

    worst: UsdText


class AcceptanceShape(BaseModel):
    """The share of attempts that pass every check."""

    model_config = ConfigDict(populate_by_name=True)

    rate: float
    low: float
    high: float
    source: Literal["assumed", "pilot"] = Field(alias="from")


class ModelLoad(BaseModel):
    """What one model has to do."""

    calls: int
    tokens: TokenRanges
    cost_usd: UsdRange


class EstimateShape(BaseModel):
    """What an order will take; `basis` says what the numbers rest on."""

    records: int
    attempts: RangeShape
    calls: int
    tokens: TokenRanges
    cost_usd: UsdRangeWithWorst
    seconds: RangeShape
    acceptance: AcceptanceShape
    short: RangeShape
    models: dict[str, ModelLoad]
    basis: str
    warnings: list[str]
    pilot: JsonRecord | None = None


class ExportIn(In):
    """A dataset in a format."""

    format: Literal["jsonl", "csv", "parquet", "openai-chat", "sharegpt", "alpaca", "dpo", "huggingface"]
    split: dict[str, float] | None = Field(default=None, description="Splits and their shares, which add up to 1.")
    partition_by: str | None = Field(default=None, max_length=200, description="A field: a folder for each value.")
    lineage: bool = Field(default=False, description="Add a column that says how each record came about.")
    marks: MarksWish = Field(
        default="none",
        description="`column` adds a column `_mark`; `good` keeps records marked good, `not_bad` all not marked bad.",
    )


class ExportShape(BaseModel):
    """An export; its file can be downloaded once it is done."""

    id: str
    job: str
    format: str
    split: dict[str, float] | None
    partition_by: str | None
    lineage: bool
    marks: MarksWish
    status: ExportStatus
    detail: str
    name: str | None
    records: int | None
    bytes: int | None
    sha256: str | None
    created_at: datetime
    finished_at: datetime | None


class CostShape(BaseModel):
    """What was spent on one day, by one model, for one template or job: null where all are taken together."""

    day: str | None = None
    model: str | None = None
    template: str | None = None
    job: str | None = None
    calls: int
    tokens: TokensShape
    billed_usd: UsdText
    presumed_usd: UsdText


class CostTotals(BaseModel):
    """All that is listed, together."""

    calls: int
    billed_usd: UsdText
    presumed_usd: UsdText


class CostsShape(BaseModel):
    """Spending, summed from the ledger."""

    items: list[CostShape]
    totals: CostTotals


class StatsShape(BaseModel):
    """Everything of yours in numbers, deleted jobs' costs included."""

    jobs: dict[str, int] = Field(description="How many datasets stand at each status.")
    records: int = Field(description="Accepted records of all datasets.")
    calls: int
    tokens: TokensShape
    billed_usd: UsdText
    presumed_usd: UsdText
    lost_usd: UsdText
    held_usd: UsdText
