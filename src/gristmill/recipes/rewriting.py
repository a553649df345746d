"""A template with other checks, for an order that is stricter or laxer than the template."""

from collections.abc import Sequence

import yaml

from gristmill.domain.json import JsonObject


def with_checks(source: str, checks: Sequence[JsonObject]) -> str:
    """The template with these checks in place of its own; its comments are gone. The template must lint clean.

    The fragments behind it stay as they are.
    """
    template, *behind = yaml.safe_load_all(source)
    documents = [{**template, "checks": list(checks)}, *behind]
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=10_000)
