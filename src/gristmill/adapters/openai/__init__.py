"""Every endpoint that speaks OpenAI's chat completions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gristmill.adapters.openai.endpoints import Endpoint, Endpoints

if TYPE_CHECKING:
    from gristmill.adapters.openai.models import OpenAiModels

__all__ = ["Endpoint", "Endpoints", "OpenAiModels"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the one class below
    # The HTTP client costs 100 ms, which a job that calls nobody else need not wait for.
    if name == "OpenAiModels":
        return import_module("gristmill.adapters.openai.models").OpenAiModels
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
