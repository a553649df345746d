"""The shipped model that costs nothing and always answers the same: for tests, demos and dry runs."""

from gristmill.adapters.scripted.models import ScriptedModels

__all__ = ["ScriptedModels"]
