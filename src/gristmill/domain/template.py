"""A template kept in a library: owned, named, and made of versions that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gristmill.domain.ids import TemplateId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRef:
    """A kept template at one of its versions."""

    template: TemplateId
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A kept template, of whatever version.

    Its name never changes; `description` and `newest` are of the newest version. Everybody may read all versions of one
    that is published. `origin` is what it was forked from.
    """

    id: TemplateId
    owner: UserId
    name: str
    newest: int
    description: str = ""
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None = None
    published_at: datetime | None = None
    origin: TemplateRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDraft:
    """A source that was found good, ready to be kept: what it says of itself, and what its references mean now."""

    name: str
    description: str = ""
    source: str
    pins: Mapping[str, TemplateRef] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersion:
    """One version of a template, counted from 1, with its source as it was given.

    `pins` say what each of its references ("style", "style@2") meant when it was kept.
    """

    template: TemplateId
    name: str
    version: int
    source: str
    created_at: datetime
    pins: Mapping[str, TemplateRef] = field(default_factory=dict)

    @property
    def ref(self) -> TemplateRef:
        """What names this version for good."""
        return TemplateRef(template=self.template, version=self.version)
