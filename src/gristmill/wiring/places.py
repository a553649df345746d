"""Where jobs lie: a folder of the user's, or what the settings name."""

import re
from dataclasses import dataclass
from pathlib import Path

from gristmill.wiring.settings import Settings

INNER = ".gristmill"
DEFAULT_OUT = Path("out")

# Greedy: a password that holds an @ of its own is no URL, but it is a secret all the same.
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@|(?<=password=)[^&]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The store and the blobs of some jobs, and the local folder where journals, logs and the lock lie."""

    store_url: str
    blobs_url: str
    local: Path

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.local / "logs"

    @property
    def journals(self) -> Path:
        """The folder of the workers' journals."""
        return self.local / "journal"


def folder_place(folder: Path) -> Place:
    """The jobs in `folder/.gristmill`."""
    inner = folder.absolute() / INNER
    return Place(store_url=f"sqlite:///{inner}/store.db", blobs_url=f"file://{inner}/blobs", local=inner)


def settings_place(settings: Settings) -> Place:
    """The jobs in the settings' store."""
    return Place(store_url=settings.store_url, blobs_url=settings.blobs_url, local=settings.home_folder)


def find_folder(folder: Path | None) -> Path | None:
    """The folder a verb means: the one named, else `out` or the current one if a job lies there, else none."""
    if folder is not None:
        return folder
    return next((place for place in (DEFAULT_OUT, Path()) if (place / INNER / "store.db").is_file()), None)


def show_url(url: str) -> str:
    """A URL as it may be shown: without the password in it."""
    return _PASSWORD.sub(lambda found: "…" if found[1] is None else f"{found[1]}:…@", url)
