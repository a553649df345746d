"""The keys of the template language, its defaults and its bounds."""

# What the template and its steps fall back to.
DEFAULT_MODEL = "cheap"
DEFAULT_MAX_TOKENS = 512

MAX_STEPS = 32
MAX_NAME = 64
MAX_TOKENS = 1_000_000
MAX_TIMEOUT_SECONDS = 3600
MAX_REPAIR = 10
MAX_REDRAW = 100
MAX_DECIMALS = 9
# Whole numbers up to here are exact in every JSON reader (2**53 - 1).
MAX_INTEGER = 9_007_199_254_740_991
MAX_NUMBER = 1e15
MAX_WEIGHT = 1e9
MAX_VERSION = 999_999_999
MAX_CHECKS = 32
LEAST_SIMILARITY = 0.5
DEFAULT_SIMILARITY = 0.85
BEST_SCORE = 5
DEFAULT_AT_LEAST = 4
MAX_CHECK_ROWS = 1000

SAMPLING_KEYS = ("temperature", "top_p", "max_tokens", "stop", "timeout")
TEMPLATE_KEYS = (
    "name",
    "description",
    "seeds",
    "vary",
    "defaults",
    "steps",
    "record",
    "checks",
    "attempts",
    "fragment",
)
COMING_KEYS = ("export",)
STEP_KEYS = ("id", "when", "model", "system", "prompt", "messages", "examples", "output", *SAMPLING_KEYS)
MESSAGE_KEYS = ("role", "content")
EXAMPLE_KEYS = ("prompt", "reply")
VARY_KEYS = ("choice", "integer", "number", "round", "seeds", "weight")
FRAGMENT_KEYS = ("name", "version", "description", "fragment")
# What each kind of check may have beside the key that names it.
CHECK_KEYS = {
    "expect": ("reason",),
    "unique": (),
    "distinct": ("similarity",),
    "judge": ("ask", "at_least", "reason", *SAMPLING_KEYS),
    "sql": ("setup", "rows", "reason"),
    "schema": ("of", "reason"),
}
ATTEMPTS_KEYS = ("repair", "redraw")
