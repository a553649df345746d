"""Datasets made with language models: exactly N good records, never over budget, nothing lost."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gristmill.wiring.dataset import Dataset, run

__version__ = "0.1.0"
__all__ = ["Dataset", "__version__", "run"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public face holds
    # Imported when first asked for: the command must start fast, and most of it needs none of this.
    if name in {"Dataset", "run"}:
        return getattr(import_module("gristmill.wiring.dataset"), name)
    raise AttributeError(f"module 'gristmill' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
