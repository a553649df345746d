"""`gristmill schema`: the JSON Schema of a template."""

import orjson

from gristmill.cli.terminal import write
from gristmill.recipes import template_schema


def schema() -> None:
    """Print the JSON Schema of a template, for editors.

    Example: gristmill schema > template.schema.json
    """
    write(orjson.dumps(template_schema(), option=orjson.OPT_INDENT_2).decode())
