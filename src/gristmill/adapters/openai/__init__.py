"""Every endpoint that speaks OpenAI's chat completions."""

from gristmill.adapters.openai.endpoints import Endpoint, Endpoints
from gristmill.adapters.openai.models import OpenAiModels

__all__ = ["Endpoint", "Endpoints", "OpenAiModels"]
