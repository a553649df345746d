"""Templates in a child process with limits of its own."""

from gristmill.adapters.renderer.renderer import ChildRenderer

__all__ = ["ChildRenderer"]
