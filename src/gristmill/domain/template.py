"""A template kept in a library: named, versioned, and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gristmill.domain.ids import TemplateId


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRef:
    """A kept template at one of its versions."""

    template: TemplateId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersion:
    """One version of a template, counted from 1, with its source as it was given.

    `pins` say which version its references without one meant when it was kept.
    """

    name: str
    version: int
    source: str
    created_at: datetime
    pins: Mapping[str, int] = field(default_factory=dict)
