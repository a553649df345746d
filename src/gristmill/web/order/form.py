"""The form of an order: every field as it was typed, and what the order lacks to be one."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, TypeVar

from gristmill.domain.ids import JobId, UserId
from gristmill.domain.job import Job
from gristmill.domain.json import canonical
from gristmill.domain.money import show_usd
from gristmill.errors import BadInputError
from gristmill.jobs.create import job_id_of
from gristmill.jobs.request import MOST_RECORDS, MOST_SEED
from gristmill.web.typed import read_line, read_usd, read_whole

PLAIN: Final = ("name", "template", "version", "records", "budget", "random_seed", "once", "shown")
# The seed set that slots go through stands under the one word, the others and the models behind a point.
SEEDS, MODELS = "seeds", "models"
LONGEST: Final = 256
TIME: Final = "%Y%m%d-%H%M%S"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderForm:
    """An order as it is being filled in; `seeds` and `models` are by the names that the template gives them.

    `shown` is the template whose fields stood there to be filled in. `once` names the form: sent twice, it makes one
    job.
    """

    name: str = ""
    template: str = ""
    version: str = ""
    records: str = ""
    budget: str = ""
    random_seed: str = ""
    seeds: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    once: str = ""
    shown: str = ""

    @property
    def wanted_version(self) -> int | None:
        """The version that was chosen, None for the newest: of another template than was shown none was chosen."""
        is_of_another = self.shown not in {"", self.template}
        return None if is_of_another else _tried(_read_version, self.version)


def read_form(items: Iterable[tuple[str, object]]) -> OrderForm:
    """The form out of the fields of a request; fields that it does not know are nothing to it."""
    texts = [(name, read_line(text, most=LONGEST)) for name, text in items if isinstance(text, str)]
    plain = {name: text for name, text in texts if name in PLAIN}
    return OrderForm(
        **plain,
        seeds={name.removeprefix(f"{SEEDS}.") if name != SEEDS else "": text for name, text in _of(SEEDS, texts)},
        models={name.removeprefix(f"{MODELS}."): text for name, text in _of(MODELS, texts)},
    )


def form_of(job: Job) -> OrderForm:
    """The form that orders the same records once more, under a name of its own to be sent by."""
    order, kept = job.order, job.template
    return OrderForm(
        name="" if job.name == order.name else job.name,
        template=kept.template if kept else "",
        version=str(kept.version) if kept else "",
        records=str(job.records),
        budget=show_usd(job.budget) if job.budget else "",
        random_seed=str(order.random_seed) if order.random_seed else "",
        seeds=dict(order.seeds),
        models=dict(order.aliases),
    )


def with_once(form: OrderForm, now: datetime) -> OrderForm:
    """The form, named by what it is sent once by."""
    return form if _made_at(form.once) else replace(form, once=f"{now:{TIME}}-{secrets.token_hex(8)}")


def job_of(form: OrderForm, do: str, owner: UserId) -> JobId | None:
    """The id of the job that this form makes, however often it is sent: filled in otherwise, it makes another."""
    made_at = _made_at(form.once)
    if made_at is None:
        return None
    said = [getattr(form, name) for name in PLAIN] + [dict(form.seeds), dict(form.models), do]
    return job_id_of(made_at, f"{owner} {hashlib.sha256(canonical(said).encode()).hexdigest()}")


def wrong_numbers(form: OrderForm) -> dict[str, str]:
    """What is wrong with the numbers, by field."""
    readers = {
        "records": lambda: records_of(form),
        "budget": lambda: read_usd(form.budget),
        "random_seed": lambda: random_seed_of(form),
    }
    return {name: words for name, read in readers.items() if (words := _refusal(read))}


def records_of(form: OrderForm) -> int:
    """How many records are wanted. Raises BadInputError."""
    records = read_whole(form.records, least=1, most=MOST_RECORDS)
    if records is None:
        raise BadInputError("Say how many records you want.")
    return records


def random_seed_of(form: OrderForm) -> int | None:
    """The random seed, if one is given. Raises BadInputError."""
    return read_whole(form.random_seed, least=-MOST_SEED, most=MOST_SEED)


def _of(kind: str, texts: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return [(name, text) for name, text in texts if name == kind == SEEDS or name.startswith(f"{kind}.")]


def _read_version(text: str) -> int | None:
    return read_whole(text, least=1, most=2**31 - 1)


def _made_at(once: str) -> datetime | None:
    moment, _, rest = once.rpartition("-")
    try:
        return datetime.strptime(moment, TIME).replace(tzinfo=UTC) if rest else None
    except ValueError:
        return None


def _tried(read: Callable[[str], T | None], text: str) -> T | None:
    try:
        return read(text)
    except BadInputError:
        return None


def _refusal(read: Callable[[], object]) -> str:
    try:
        read()
    except BadInputError as error:
        return str(error)
    return ""
