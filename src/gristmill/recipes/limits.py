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
STEP_KEYS = ("id", "when", "model", "system", "prompt", "output", *SAMPLING_KEYS)
COMING_STEP_KEYS = ("messages", "examples")
VARY_KEYS = ("choice", "integer", "number", "round")
COMING_VARY_KEYS = ("seeds",)
CHECK_KEYS = ("expect", "unique", "reason")
COMING_CHECK_KEYS = ("distinct", "judge", "similarity", "ask", "at_least")
FRAGMENT_KEYS = ("name", "version", "description", "fragment")
ATTEMPTS_KEYS = ("repair", "redraw")
