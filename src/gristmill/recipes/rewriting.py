"""A template with other checks, for an order that is stricter or laxer than the template."""

from collections.abc import Sequence
from typing import cast

import orjson
import yaml

from gristmill.domain.json import JsonObject


def with_checks(source: str, checks: Sequence[JsonObject]) -> str:
    """The template with these checks in place of its own, every other character as it was. It must lint clean."""
    # A byte order mark is counted by nobody.
    text = source.removeprefix("\ufeff")
    written = f"checks: {orjson.dumps(list(checks)).decode()}"
    # The loader in C is there in time for a source of any length; both count characters.
    loader = yaml.CSafeLoader(text)
    # What opens the stream is read by asking for a document.
    loader.check_node()
    root = cast("yaml.MappingNode", loader.get_node())
    for key, value in root.value:
        if key.value == "checks":
            # A value in block style ends where the next token begins.
            end = len(text[: value.end_mark.index].rstrip())
            return f"{text[: key.start_mark.index]}{written}{text[end:]}"
    first = root.value[0][0].start_mark
    behind = ", " if root.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{written}{behind}{text[first.index :]}"
