"""What templates take from one another, as written and as pinned."""

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
    version: int | None


def references_in(source: str) -> Iterator[Reference]:
    """Every reference in a source, each once, in the order written."""
    found = (_reference(tag) for tag in _TAG.finditer(source))
    yield from dict.fromkeys(found)


def pin(source: str, pins: Mapping[str, int]) -> str:
    """The source with the pinned version behind every reference that says none."""
    return _TAG.sub(lambda tag: _pinned(tag, pins), source)


def _reference(tag: re.Match[str]) -> Reference:
    return Reference(name=tag["name"], version=int(tag["version"]) if tag["version"] else None)


def _pinned(tag: re.Match[str], pins: Mapping[str, int]) -> str:
    if tag["version"] or tag["name"] not in pins:
        return tag[0]
    return f"{tag['begin']}{tag['name']}@{pins[tag['name']]}{tag['quote']}"
