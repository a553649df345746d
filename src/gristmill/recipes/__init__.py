"""From template text to a recipe, a draw, prompts and a finished record: pure."""
