"""Whether what `export` mentions is there when records are exported: the record and its slot, and nothing else."""

from gristmill.recipes.findings import Code, Findings, Spot, did_you_mean
from gristmill.recipes.grammar import Draft
from gristmill.recipes.mentions import Path
from gristmill.recipes.names import texts_of
from gristmill.recipes.texts import Text


def check_exports(draft: Draft, findings: Findings) -> None:
    """Note every mention in an export that leads nowhere."""
    record = draft.record.fields if draft.record is not None else [step.id for step in draft.steps]
    for shape in draft.exports.values():
        for text in texts_of(shape):
            for mention, spot in zip(text.mentions, text.spots, strict=True):
                _check(mention.trunk, tuple(record), text, spot, findings)


def _check(path: Path, record: tuple[str, ...], text: Text, spot: Spot, findings: Findings) -> None:
    match path:
        case ("slot",) | ("record",):
            return
        case ("record", name, *_) if name in record:
            return
        case ("record", name, *_):
            code, message, hint = Code.UNKNOWN_FIELD, f"The record has no field {name!r}.", did_you_mean(name, record)
        case (name, *_):
            code, message = Code.UNKNOWN_NAME, f"An export sees only the finished record, not {name!r}."
            hint = f"Write record.{name}." if name in record else "Put it into `record` to export it."
        case _:
            return
    findings.error(code, message, spot, path=text.path, suggestion=hint)
