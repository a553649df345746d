"""A store on a network disk is found out and refused."""

from pathlib import Path

import pytest

from gristmill.adapters.sql import mounts
from gristmill.errors import BadInputError

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local xfs rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
tmpfs /twice tmpfs rw 0 0
host:/x /twice fuse.sshfs rw 0 0
torn
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/store.db", "ext4"),
        ("/home/ann/store.db", "nfs4"),
        ("/home/local/store.db", "xfs"),
        ("/homestead/store.db", "ext4"),
        ("/mnt/my share/deep/store.db", "cifs"),
        ("/twice/store.db", "fuse.sshfs"),
    ],
)
def test_the_nearest_and_latest_mount_holds_a_path(path: str, kind: str) -> None:
    assert mounts.file_system_of(Path(path), MOUNTS) == kind


def test_a_path_under_no_mount_has_no_type() -> None:
    assert mounts.file_system_of(Path("/x"), "") == ""


def test_a_network_disk_is_refused_with_a_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", write(tmp_path, f"server:/x {tmp_path} nfs rw 0 0\n"))
    with pytest.raises(BadInputError, match=r"network disk \(nfs\).*Put the store on a local disk"):
        mounts.refuse_network_disk(tmp_path / "store.db")


def test_a_link_to_a_network_disk_is_seen_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far, near = tmp_path / "far", tmp_path / "near"
    far.mkdir()
    near.symlink_to(far)
    monkeypatch.setattr(mounts, "MOUNTS", write(tmp_path, f"disk / ext4 rw 0 0\nserver:/x {far} smb3 rw 0 0\n"))
    with pytest.raises(BadInputError, match="smb3"):
        mounts.refuse_network_disk(near / "store.db")


def test_where_mounts_cannot_be_read_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")
    mounts.refuse_network_disk(tmp_path / "store.db")
    assert not mounts.MOUNTS.exists()


def write(folder: Path, text: str) -> Path:
    file = folder / "mounts"
    file.write_text(text)
    return file
