"""The model that runs on this machine: whether its file is here, and how to fetch it."""

from pathlib import Path


def is_pulled(home: Path) -> bool:
    raise NotImplementedError


def pull(home: Path) -> Path:
    raise NotImplementedError
