"""A new file appears whole under its name, or not at all, on every kind of file system."""

import errno
from pathlib import Path

import pytest

from gristmill.datasets.files import new_file
from gristmill.errors import BadInputError


def write(path: Path, content: bytes, *, replace: bool = False) -> None:
    with new_file(path, replace=replace) as file:
        file.write(content)


def break_off(path: Path) -> None:
    with new_file(path, replace=True) as file:
        file.write(b"half")
        raise KeyError


def test_a_broken_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        break_off(tmp_path / "a")

    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_keeps_its_bytes_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    for content, replace, held in ((b"1", False, b"1"), (b"2", False, b"1"), (b"3", True, b"3")):
        write(tmp_path / "a", content, replace=replace)
        assert (tmp_path / "a").read_bytes() == held

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    for replace in (False, True):
        with pytest.raises(BadInputError, match="cannot write"):
            write(tmp_path / "a", b"1", replace=replace)


def test_a_file_system_without_hard_links_keeps_a_taken_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write(tmp_path / "a", b"1")
    write(tmp_path / "a", b"2")

    assert (tmp_path / "a").read_bytes() == b"1"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_name_too_long_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="Choose another"):
        write(tmp_path / ("a" * 300), b"1")
