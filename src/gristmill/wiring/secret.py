"""The server's secret: given by its owner, or made at the first start and kept under home."""

import os
import secrets
from pathlib import Path

from gristmill.errors import BadInputError, StorageFullError
from gristmill.wiring.settings import Settings

FILE = "secret.key"
SHORTEST = 32
OTHERS = 0o077


def read_secret(settings: Settings) -> str:
    """GRISTMILL_SECRET, or what `home/secret.key` holds; the file is made, for its owner alone, when there is none.

    Of two servers that start at once on one home both read what one of them made. Servers of one store that have homes
    of their own are given the same GRISTMILL_SECRET. Raises BadInputError and StorageFullError.
    """
    given = settings.secret.get_secret_value()
    path = settings.home_folder / FILE
    return _long_enough(given, "GRISTMILL_SECRET") if given else _long_enough(_read_or_make(path), str(path))


def _read_or_make(path: Path) -> str:
    try:
        if not path.exists():
            _make(path)
        if path.stat().st_mode & OTHERS:
            raise BadInputError(f"Others can read {path}: run chmod 600 on it, or set GRISTMILL_SECRET.")
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StorageFullError(f"The secret of the server at {path} cannot be kept: {error}.") from error


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{secrets.token_urlsafe(SHORTEST)}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link fails where another server was first, and nobody ever sees half a file.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)


def _long_enough(secret: str, source: str) -> str:
    if len(secret) < SHORTEST:
        raise BadInputError(f"{source} is too short: give {SHORTEST} random characters or more.")
    return secret
