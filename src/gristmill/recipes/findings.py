"""What can be wrong with a template: every code in one place, and the one way findings are collected."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from gristmill.errors import Finding, Severity


class Code(StrEnum):
    """The stable code of each kind of finding; those from UNUSED_VARIABLE on are warnings."""

    INVALID_YAML = "invalid_yaml"
    TOO_LARGE = "too_large"
    TOO_EXPENSIVE = "too_expensive"
    DUPLICATE_KEY = "duplicate_key"
    UNKNOWN_KEY = "unknown_key"
    MISSING_KEY = "missing_key"
    WRONG_TYPE = "wrong_type"
    WRONG_VALUE = "wrong_value"
    INVALID_NAME = "invalid_name"
    NAME_CLASH = "name_clash"
    INVALID_EXPRESSION = "invalid_expression"
    UNKNOWN_TEMPLATE = "unknown_template"
    UNKNOWN_FILTER = "unknown_filter"
    UNKNOWN_NAME = "unknown_name"
    UNKNOWN_STEP = "unknown_step"
    UNKNOWN_FIELD = "unknown_field"
    MAY_BE_SKIPPED = "may_be_skipped"
    CYCLE = "cycle"
    INVALID_SCHEMA = "invalid_schema"
    UNUSED_VARIABLE = "unused_variable"
    UNUSED_STEP = "unused_step"
    NO_CHECKS = "no_checks"
    EMPTY_FIELD = "empty_field"
    LIKELY_TYPO = "likely_typo"
    UNDECLARED_FIELD = "undeclared_field"


# Nobody reads more, and a hostile source could have a finding for every few bytes.
MAX_FINDINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in the source, counted from 1."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True)
class Findings:
    """Collects everything that is wrong, so that a user sees it all at once."""

    found: list[Finding] = field(default_factory=list)

    def error(self, code: Code, message: str, spot: Spot, *, path: str = "", suggestion: str = "") -> None:
        """Note something that keeps the template from compiling."""
        self._note(_finding(code, message, spot, path=path, suggestion=suggestion, severity="error"))

    def warn(self, code: Code, message: str, spot: Spot, *, path: str = "", suggestion: str = "") -> None:
        """Note something that compiles but is probably not meant."""
        self._note(_finding(code, message, spot, path=path, suggestion=suggestion, severity="warning"))

    def _note(self, finding: Finding) -> None:
        # An error always counts, or a flood of warnings would let a broken template compile.
        if len(self.found) < MAX_FINDINGS or (finding.severity == "error" and not self.has_errors):
            self.found.append(finding)

    @property
    def has_errors(self) -> bool:
        """Whether anything found keeps the template from compiling."""
        return any(finding.severity == "error" for finding in self.found)

    def in_order(self) -> tuple[Finding, ...]:
        """Each finding once, in the order of the source."""
        return tuple(sorted(dict.fromkeys(self.found), key=lambda finding: (finding.line, finding.column)))


def _finding(code: Code, message: str, spot: Spot, *, path: str, suggestion: str, severity: Severity) -> Finding:
    return Finding(
        code=code.value,
        message=message,
        severity=severity,
        suggestion=suggestion,
        line=spot.line,
        column=spot.column,
        path=path,
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question naming the known word closest to this one, or nothing when none is close."""
    close = get_close_matches(word[:100], list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else ""
