"""A small real model that needs no key: one file, run by a child process that speaks OpenAI's protocol."""

from gristmill.adapters.embedded.models import EmbeddedModels
from gristmill.adapters.embedded.pull import find_model, pull_model
from gristmill.adapters.embedded.server import EmbeddedServer
from gristmill.adapters.embedded.smollm2 import LIMITS, SMOLLM2

__all__ = ["LIMITS", "SMOLLM2", "EmbeddedModels", "EmbeddedServer", "find_model", "pull_model"]
