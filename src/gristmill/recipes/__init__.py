"""From template text to a recipe, a draw, prompts and a finished record: pure."""

from gristmill.recipes.checks import check_record, fingerprints_of
from gristmill.recipes.compiler import check_template, compile_template, lint_template, refusal_of
from gristmill.recipes.decks import Deck, SeedRows, open_decks
from gristmill.recipes.drafting import draft_attempt
from gristmill.recipes.draw import draw_values, open_scope
from gristmill.recipes.editor_schema import template_schema
from gristmill.recipes.exporting import fill_export
from gristmill.recipes.judging import judge_messages, score_of
from gristmill.recipes.outline import read_outline
from gristmill.recipes.placeholder import placeholder
from gristmill.recipes.recipe import (
    Attempts,
    DrawKey,
    Parsed,
    Recipe,
    SeedField,
    Step,
    Unparsable,
)
from gristmill.recipes.rendering import finish_record, is_wanted, render_messages
from gristmill.recipes.replies import parse_reply, repair_messages

__all__ = [
    "Attempts",
    "Deck",
    "DrawKey",
    "Parsed",
    "Recipe",
    "SeedField",
    "SeedRows",
    "Step",
    "Unparsable",
    "check_record",
    "check_template",
    "compile_template",
    "draft_attempt",
    "draw_values",
    "fill_export",
    "fingerprints_of",
    "finish_record",
    "is_wanted",
    "judge_messages",
    "lint_template",
    "open_decks",
    "open_scope",
    "parse_reply",
    "placeholder",
    "read_outline",
    "refusal_of",
    "render_messages",
    "repair_messages",
    "score_of",
    "template_schema",
]
