"""Files that appear under their name whole and durable, or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gristmill.errors import BadInputError, StorageFullError

# What a crash leaves behind is NAME.xxxxxxxx.part beside NAME, so whoever tidies judges it as it would judge NAME.
PART = ".part"

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into StorageFullError, and a path that can never work into BadInputError."""
    try:
        yield
    except OSError as error:
        raise refused_write(path, error) from error


def refused_write(path: Path, error: OSError) -> BadInputError | StorageFullError:
    """What the disk's refusal to write there means; see `storage_errors`."""
    match error:
        case NotADirectoryError() | FileExistsError():
            return BadInputError(f"cannot write {path}: {error.filename} is no folder. Choose another folder.")
        case IsADirectoryError():
            return BadInputError(f"cannot write {path}: it is a folder. Choose another folder.")
        case OSError(errno=errno.ENAMETOOLONG | errno.ELOOP | errno.ENOENT):
            return BadInputError(f"cannot write {path}: {error.strerror}. Choose another folder.")
        case _:
            return StorageFullError(f"cannot write {path}: {error.strerror}. Make room, or allow writing there.")


@contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """A file to write; when the block ends it stands under `path`, file and folder synced. An error leaves nothing.

    A name that is taken keeps its bytes unless `replace`. Raises StorageFullError and BadInputError.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    with storage_errors(path):
        make_folder(path.parent)
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                part.replace(path)
            else:
                _link(part, path)
            # Also when the name was taken: whoever took it may not have synced the folder yet.
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Create the folder and its parents, each durable in its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _link(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)
    except FileExistsError:
        if not path.is_file():
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A file system without hard links: names hold digests, so at worst the same bytes replace themselves.
        if not path.exists():
            part.replace(path)
