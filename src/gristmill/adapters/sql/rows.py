"""Rows of tables to values of the domain and back, exactly."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import orjson
from sqlalchemy import RowMapping

from gristmill.domain.call import CallCounts, ModelSums
from gristmill.domain.event import Event
from gristmill.domain.ids import Slot
from gristmill.domain.job import Job, JobStatus, Order, StopReason
from gristmill.domain.model import Limits, Model
from gristmill.domain.money import Spent
from gristmill.domain.pricing import Price, Rates, Tier
from gristmill.domain.segment import Segment
from gristmill.domain.shard import Lease, Loss, Shard
from gristmill.domain.slots import SlotSet
from gristmill.domain.template import TemplateRef
from gristmill.domain.usage import Usage

Columns: TypeAlias = dict[str, Any]
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode_time(at: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    return (at - _BEGIN) // _MICROSECOND


def decode_time(microseconds: int) -> datetime:
    """The time, in UTC, that `encode_time` wrote."""
    return _BEGIN + microseconds * _MICROSECOND


def encode_json(value: object) -> str:
    """JSON text of a domain value; integer keys become strings."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def encode_job(job: Job) -> Columns:
    """A job's row; its cap stands in the budget's."""
    return {
        "id": job.id,
        "owner": job.owner,
        "name": job.name,
        "template": job.template.template if job.template else None,
        "version": job.template.version if job.template else None,
        "kind": job.kind,
        "status": job.status.value,
        "stop": job.stop.value if job.stop else None,
        "detail": job.detail,
        "records": job.records,
        "rounds": job.rounds,
        "siftings": job.siftings,
        "sifted": job.sifted,
        "created_at": encode_time(job.created_at),
        "started_at": _maybe_encode_time(job.started_at),
        "finished_at": _maybe_encode_time(job.finished_at),
        "order": encode_json(job.order),
    }


def decode_job(row: RowMapping) -> Job:
    """The job of a row joined with its budget's `cap`."""
    return Job(
        id=row["id"],
        owner=row["owner"],
        name=row["name"],
        template=TemplateRef(template=row["template"], version=row["version"]) if row["template"] else None,
        kind=row["kind"],
        order=_decode_order(row["order"]),
        records=row["records"],
        budget=row["cap"],
        status=JobStatus(row["status"]),
        stop=StopReason(row["stop"]) if row["stop"] else None,
        detail=row["detail"],
        rounds=row["rounds"],
        siftings=row["siftings"],
        sifted=row["sifted"],
        created_at=decode_time(row["created_at"]),
        started_at=_maybe_decode_time(row["started_at"]),
        finished_at=_maybe_decode_time(row["finished_at"]),
    )


def encode_shard(shard: Shard) -> Columns:
    """A shard's row."""
    return {
        "job": shard.job,
        "number": shard.number,
        "first": shard.done.first,
        "size": shard.done.size,
        "open": shard.done.size - len(shard.done),
        "accepted": shard.accepted,
        "epoch": shard.epoch,
        "position": shard.position,
        "passed": shard.passed,
        "worker": shard.worker,
        "expires_at": _maybe_encode_time(shard.expires_at),
        "block": shard.block,
        "billed": shard.spent.billed,
        "presumed": shard.spent.presumed,
        "settled": shard.settled,
        "past_billed": shard.past.billed,
        "past_presumed": shard.past.presumed,
        "lost": shard.lost,
        "last_write": shard.last_write,
        "losses": encode_json(shard.losses),
        "attempts": encode_json(shard.attempts),
        "done": shard.done.to_bytes(),
        "last_answer": _encode_lease(shard.last_answer) if shard.last_answer else None,
    }


def decode_shard(row: RowMapping) -> Shard:
    """The shard of a row."""
    first, size = row["first"], row["size"]
    answer = row["last_answer"]
    return Shard(
        job=row["job"],
        number=row["number"],
        done=SlotSet.from_bytes(first, size, row["done"]),
        accepted=row["accepted"],
        attempts=_decode_attempts(orjson.loads(row["attempts"])),
        epoch=row["epoch"],
        position=row["position"],
        worker=row["worker"],
        expires_at=_maybe_decode_time(row["expires_at"]),
        block=row["block"],
        spent=Spent(billed=row["billed"], presumed=row["presumed"]),
        settled=row["settled"],
        past=Spent(billed=row["past_billed"], presumed=row["past_presumed"]),
        losses=decode_losses(row["losses"]),
        passed=row["passed"],
        last_write=row["last_write"],
        last_answer=_decode_lease(answer, first, size) if answer else None,
    )


def decode_losses(text: str) -> tuple[Loss, ...]:
    """The losses of a shard's row."""
    return tuple(Loss(**{**loss, "spent": Spent(**loss["spent"])}) for loss in orjson.loads(text))


def encode_segment(segment: Segment) -> Columns:
    """A segment's row, but for its job, its place in the order of commits and the time."""
    return {
        "name": segment.name,
        "digest": segment.digest,
        "shard": segment.shard,
        "epoch": segment.epoch,
        "bytes": segment.bytes,
        "accepted": segment.accepted,
        "rejected": segment.rejected,
        "unfinished": segment.unfinished,
        "passed": segment.passed,
        "rejects": encode_json(segment.rejects),
        "sums": encode_json(segment.sums),
        "counts": encode_json(segment.counts),
    }


def decode_segment(row: RowMapping) -> Segment:
    """The segment of a row."""
    return Segment(
        name=row["name"],
        digest=row["digest"],
        shard=row["shard"],
        epoch=row["epoch"],
        bytes=row["bytes"],
        accepted=row["accepted"],
        rejected=row["rejected"],
        unfinished=row["unfinished"],
        rejects=orjson.loads(row["rejects"]),
        sums=tuple(_decode_sums(sums) for sums in orjson.loads(row["sums"])),
        counts=CallCounts(**orjson.loads(row["counts"])),
        passed=row["passed"],
    )


def decode_event(row: RowMapping) -> Event:
    """The event of a row."""
    return Event(
        sequence=row["sequence"],
        at=decode_time(row["at"]),
        job=row["job"],
        type=row["type"],
        fields=orjson.loads(row["fields"]),
    )


def _encode_lease(lease: Lease) -> str:
    # What never changes for a shard stands in its row; the bitmap is far beyond JSON's integers.
    return encode_json(
        {
            "job": lease.job,
            "shard": lease.shard,
            "worker": lease.worker,
            "epoch": lease.epoch,
            "position": lease.position,
            "ttl_seconds": lease.ttl_seconds,
            "done": lease.done.to_bytes().hex(),
            "attempts": lease.attempts,
            "block": lease.block,
            "spent": lease.spent,
            "passed": lease.passed,
            "stopping": lease.stopping,
        }
    )


def _decode_lease(text: str, first: int, size: int) -> Lease:
    fields = orjson.loads(text)
    return Lease(
        **{
            **fields,
            "done": SlotSet.from_bytes(first, size, bytes.fromhex(fields["done"])),
            "attempts": _decode_attempts(fields["attempts"]),
            "spent": Spent(**fields["spent"]),
        }
    )


def _decode_order(text: str) -> Order:
    fields = orjson.loads(text)
    models = {name: _decode_model(model) for name, model in fields["models"].items()}
    return Order(**{**fields, "models": models})


def _decode_model(fields: Columns) -> Model:
    price = fields["price"]
    tiers = tuple(Tier(above=tier["above"], rates=Rates(**tier["rates"])) for tier in price["tiers"])
    return Model(
        name=fields["name"],
        price=Price(**{**price, "rates": Rates(**price["rates"]), "tiers": tiers}),
        limits=Limits(**fields["limits"]),
    )


def _decode_sums(fields: Columns) -> ModelSums:
    return ModelSums(**{**fields, "usage": Usage(**fields["usage"]), "spent": Spent(**fields["spent"])})


def _decode_attempts(fields: Mapping[str, int]) -> Mapping[Slot, int]:
    return {Slot(int(slot)): used for slot, used in fields.items()}


def _maybe_encode_time(at: datetime | None) -> int | None:
    return None if at is None else encode_time(at)


def _maybe_decode_time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else decode_time(microseconds)
