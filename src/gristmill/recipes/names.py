"""Whether the parts of a template fit together: every name that is mentioned, and where it comes from."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gristmill.domain.json import Json
from gristmill.domain.scope import dotted
from gristmill.recipes.document import plain
from gristmill.recipes.findings import Code, Findings, Spot, did_you_mean
from gristmill.recipes.grammar import Draft
from gristmill.recipes.json_schemas import declared_fields, is_closed
from gristmill.recipes.mentions import Mention, Path
from gristmill.recipes.recipe import (
    Check,
    Conform,
    Constant,
    Distinct,
    Expect,
    Judge,
    ListOf,
    ObjectOf,
    SeedField,
    Shape,
    Sql,
    Step,
    Unique,
)
from gristmill.recipes.texts import Text
from gristmill.recipes.variation import SeedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """One mention, with where it stands and which step's text it is in (None: the record's or a check's)."""

    mention: Mention
    spot: Spot
    path: str
    reader: Step | None = None
    sees_record: bool = False

    @property
    def words(self) -> str:
        return dotted(self.mention.path)


def texts_of(shape: Shape) -> Iterator[Text]:
    """Every text within a shape of the record."""
    match shape:
        case Text():
            yield shape
        case ListOf():
            for item in shape.items:
                yield from texts_of(item)
        case ObjectOf():
            for field in shape.fields.values():
                yield from texts_of(field)
        case Constant():
            return


def texts_of_step(step: Step) -> Iterator[Text]:
    """Every text of a step: its condition and its messages."""
    if step.when is not None:
        yield step.when
    yield from (turn.text for turn in step.turns)


def texts_of_check(check: Check) -> Iterator[Text]:
    """Every text of a check."""
    match check:
        case Expect():
            yield check.expression
        case Judge():
            yield check.ask
        case Sql():
            yield from (text for text in (check.setup, check.query) if text is not None)
        case Conform():
            yield from (text for text in (check.expression, check.of) if text is not None)
        case Unique() | Distinct():
            return


def check_names(draft: Draft, spots: Mapping[str, Spot], findings: Findings) -> None:
    """Note every mention that leads nowhere, and every clash of names."""
    names = _Names(draft=draft, spots=spots, findings=findings, steps={step.id: step for step in draft.steps})
    for use in uses_of(draft):
        names.check(use)
    names.check_unique_fields()
    names.check_clashes()


def uses_of(draft: Draft) -> Iterator[_Use]:
    """Every mention in the template, in the order written."""
    for step in draft.steps:
        for text in texts_of_step(step):
            yield from _uses(text, reader=step)
    if draft.record is not None:
        for text in texts_of(draft.record):
            yield from _uses(text)
    for check in draft.checks:
        for text in texts_of_check(check):
            yield from _uses(text, sees_record=True)


def _uses(text: Text, reader: Step | None = None, *, sees_record: bool = False) -> Iterator[_Use]:
    for mention, spot in zip(text.mentions, text.spots, strict=True):
        yield _Use(mention=mention, spot=spot, path=text.path, reader=reader, sees_record=sees_record)


def seed_path(path: Path, vary: Mapping[str, object]) -> Path | None:
    """The path within a seed row that a mention reads, or None when it reads something else."""
    match path:
        case ("seed", *rest):
            return tuple(rest) or None
        case ("steps" | "record" | "slot", *_):
            return None
        case (name, *_) if name in vary:
            return None
        case _:
            return path


def find_seed_fields(draft: Draft) -> tuple[SeedField, ...]:
    """The fields every seed row must have: those the texts read without an answer to their absence, and those the
    `seeds` schema requires. A field that another one lies within is implied by it.
    """
    found: dict[Path, Spot] = {}
    for use in uses_of(draft):
        path = seed_path(use.mention.path, draft.vary)
        if path is not None and not use.mention.is_optional:
            found.setdefault(path, use.spot)
    if draft.seeds is not None:
        for entry in draft.seeds.entries:
            if entry.name == "required":
                required = plain(entry.node)
                found |= {(str(name),): entry.node.spot for name in required or () if (str(name),) not in found}  # type: ignore[union-attr]
    return _outermost(found)


def find_set_fields(draft: Draft) -> dict[str, tuple[SeedField, ...]]:
    """The fields every row of each seed set that `vary` draws from must have, as for the seeds."""
    found: dict[str, dict[Path, Spot]] = {kind.seeds: {} for kind in draft.vary.values() if isinstance(kind, SeedRow)}
    for use in uses_of(draft):
        name, *rest = use.mention.path
        kind = draft.vary.get(name)
        if isinstance(kind, SeedRow) and rest and not use.mention.is_optional:
            found[kind.seeds].setdefault(tuple(rest), use.spot)
    return {seeds: _outermost(paths) for seeds, paths in found.items()}


def _outermost(found: Mapping[Path, Spot]) -> tuple[SeedField, ...]:
    """The fields that no other one lies within."""
    prefixes = {path[:length] for path in found for length in range(1, len(path))}
    return tuple(
        SeedField(path=path, line=spot.line, column=spot.column) for path, spot in found.items() if path not in prefixes
    )


def find_seed_columns(draft: Draft) -> frozenset[str] | None:
    """The columns of a seed row that the texts read or the `seeds` schema requires; None when they read it whole."""
    mentioned = [use.mention.path for use in uses_of(draft)]
    if ("seed",) in mentioned:
        return None
    paths = [seed_path(path, draft.vary) for path in mentioned] + [field.path for field in find_seed_fields(draft)]
    return frozenset(path[0] for path in paths if path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Checks each mention against what the draft defines."""

    draft: Draft
    spots: Mapping[str, Spot]
    findings: Findings
    steps: Mapping[str, Step]

    def check(self, use: _Use) -> None:
        match use.mention.trunk:
            case ("steps", *rest):
                self.check_step(use, rest)
            case ("record", *rest):
                self.check_record(use, rest)
            case ("slot" | "seed",):
                pass
            case ("seed", *rest):
                self.check_seed(use, tuple(rest))
            case (name, *_) if name not in self.draft.vary:
                self.check_seed(use, use.mention.path)
            case _:
                pass

    def check_step(self, use: _Use, rest: list[str]) -> None:
        if not rest:
            message = "A step must be named in full, such as steps.answer.output."
            self.error(use, Code.UNKNOWN_STEP, message)
            return
        step = self.steps.get(rest[0])
        if step is None:
            self.error(use, Code.UNKNOWN_STEP, f"There is no step {rest[0]!r}.", did_you_mean(rest[0], self.steps))
        elif len(rest) == 1 or rest[1] != "output":
            message = f"Of a step only its output can be read: steps.{step.id}.output."
            self.error(use, Code.UNKNOWN_FIELD, message)
        else:
            self.check_output(use, step, rest[2:])
            self.check_presence(use, step)

    def check_output(self, use: _Use, step: Step, fields: list[str]) -> None:
        if not fields:
            return
        if step.schema is None:
            message = f"The step {step.id!r} gives text, which has no field {fields[0]!r}."
            self.error(use, Code.UNKNOWN_FIELD, message, "Give the step an `output` schema.")
            return
        self.check_field(use, json.loads(step.schema.text), fields[0], f"The output of {step.id!r}")

    def check_field(self, use: _Use, schema: Json, name: str, owner: str) -> None:
        declared = declared_fields(schema)
        if declared is None or name in declared:
            return
        message = f"{owner} declares no field {name!r}."
        hint = did_you_mean(name, declared)
        if is_closed(schema):
            self.error(use, Code.UNKNOWN_FIELD, message, hint)
        elif not use.mention.is_optional:
            self.findings.warn(Code.UNDECLARED_FIELD, message, use.spot, path=use.path, suggestion=hint)

    def check_presence(self, use: _Use, step: Step) -> None:
        if step.when is None or use.mention.is_optional:
            return
        # A reader with the same condition runs only when the step has run.
        if use.reader is not None and use.reader.when is not None and use.reader.when.source == step.when.source:
            return
        message = f"The step {step.id!r} may be skipped, and then {use.words} is missing."
        self.error(use, Code.MAY_BE_SKIPPED, message, f"Write {use.words} | default('').")

    def check_record(self, use: _Use, rest: list[str]) -> None:
        if not use.sees_record:
            self.error(use, Code.UNKNOWN_NAME, "The record exists only in checks.")
        elif rest and rest[0] not in self.record_fields():
            hint = did_you_mean(rest[0], self.record_fields())
            self.error(use, Code.UNKNOWN_FIELD, f"The record has no field {rest[0]!r}.", hint)

    def check_seed(self, use: _Use, path: Path) -> None:
        declared = self.seed_fields()
        if declared is not None:
            if path[0] not in declared and not use.mention.is_optional:
                message = f"Nothing is named {path[0]!r}: neither a seed field nor a variable."
                self.error(use, Code.UNKNOWN_NAME, message, did_you_mean(path[0], [*declared, *self.draft.vary]))
            return
        hint = did_you_mean(path[0], [*self.draft.vary, "steps"])
        if hint and not use.mention.is_optional:
            message = f"{path[0]!r} is no variable, so every seed row must have it."
            self.findings.warn(Code.LIKELY_TYPO, message, use.spot, path=use.path, suggestion=hint)

    def check_unique_fields(self) -> None:
        for check in self.draft.checks:
            if isinstance(check, Unique | Distinct):
                self.check_unique(check)

    def check_unique(self, check: Unique | Distinct) -> None:
        for name in check.fields:
            if name not in self.record_fields():
                hint = did_you_mean(name, self.record_fields())
                message = f"The record has no field {name!r}."
                path = f"checks[{check.index}].{check.name.partition(':')[0]}.{name}"
                self.findings.error(Code.UNKNOWN_FIELD, message, self.spots[path], path=path, suggestion=hint)

    def check_clashes(self) -> None:
        for name in self.draft.vary:
            if name in (self.seed_fields() or ()):
                path = f"vary.{name}"
                message = f"{name!r} is both a variable and a seed field."
                self.findings.error(Code.NAME_CLASH, message, self.spots[path], path=path)

    def seed_fields(self) -> dict[str, Json] | None:
        return declared_fields(plain(self.draft.seeds)) if self.draft.seeds is not None else None

    def record_fields(self) -> tuple[str, ...]:
        return tuple(self.draft.record.fields) if self.draft.record is not None else tuple(self.steps)

    def error(self, use: _Use, code: Code, message: str, suggestion: str = "") -> None:
        self.findings.error(code, message, use.spot, path=use.path, suggestion=suggestion)
