"""A source under another name, with every other character as it was."""

import yaml

from gristmill.errors import InvalidTemplateError
from gristmill.recipes import read_outline


def rename_source(source: str, name: str) -> str:
    """The source of a template that compiles, with its name replaced in its place. Raises InvalidTemplateError."""
    start, end = _place_of_name(source)
    # A byte order mark is counted by nobody.
    mark = len(source) - len(source.removeprefix("\ufeff"))
    renamed = f"{source[: mark + start]}{name}{source[mark + end :]}"
    if read_outline(renamed).name != name:
        raise InvalidTemplateError(f"The name of this template cannot be replaced by {name!r}: write it plainly.")
    return renamed


def _place_of_name(source: str) -> tuple[int, int]:
    """Where the value of the first document's `name` begins and ends."""
    # Both loaders count characters; the one in C is there in time for a source of any length.
    depth, is_key, follows = 0, True, False
    for event in yaml.parse(source, Loader=yaml.CSafeLoader):
        match event:
            case yaml.ScalarEvent(start_mark=start, end_mark=end) if follows and start and end:
                return start.index, end.index
            case yaml.ScalarEvent() if depth == 1:
                follows = is_key and event.value == "name"
                is_key = not is_key
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                depth += 1
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                depth -= 1
                is_key = is_key if depth != 1 else True
            case yaml.DocumentEndEvent():
                break
            case _:
                pass
    return 0, 0
