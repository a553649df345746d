"""What templates take from one another, as it is written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# As it stands in the source: within a YAML text in double quotes the quotes of Jinja2 are escaped.
_TAG = re.compile(
    r"""(?P<begin>\{%[-+]?\s*(?:include|import|from)\s+(?P<quote>\\?["']{1,2}))"""
    r"(?P<name>[a-z0-9-]{1,64})(?:@(?P<version>[0-9]{1,9}))?(?P=quote)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A template that another names; `version` is None where it says none."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


def references_in(source: str) -> Iterator[Reference]:
    """Every reference in a source, each once, in the order written."""
    found = (_reference(tag) for tag in _TAG.finditer(source))
    yield from dict.fromkeys(found)


def rewrite(source: str, names: Mapping[Reference, Reference]) -> str:
    """The source with each reference that has another name replaced by that."""
    return _TAG.sub(lambda tag: _rewritten(tag, names), source)


def _reference(tag: re.Match[str]) -> Reference:
    return Reference(name=tag["name"], version=int(tag["version"]) if tag["version"] else None)


def _rewritten(tag: re.Match[str], names: Mapping[Reference, Reference]) -> str:
    name = names.get(_reference(tag))
    return tag[0] if name is None else f"{tag['begin']}{name}{tag['quote']}"
