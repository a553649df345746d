"""What the page on checks shows compiles."""

import re
from pathlib import Path

from support.templates import codes_of

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"


def test_every_template_of_the_page_lints_clean() -> None:
    templates = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert templates
    for source in templates:
        assert codes_of(source) + codes_of(source, "warning") == []
