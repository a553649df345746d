"""Whether a path lies on a network disk, where file locks cannot be trusted."""

from pathlib import Path

from gristmill.errors import BadInputError

MOUNTS = Path("/proc/mounts")

NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smbfs", "smb2", "smb3", "afs", "ncpfs", "ceph", "lustre", "glusterfs", "gpfs", "beegfs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse", "fuse.ceph", "fuse.juicefs"}
)


def refuse_network_disk(path: Path) -> None:
    """Raise BadInputError when the path lies on a network disk; say nothing where mounts cannot be read."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    kind = file_system_of(path.resolve(), mounts)
    if kind in NETWORK_TYPES:
        raise BadInputError(
            f"{path} lies on a network disk ({kind}), whose file locks cannot be trusted: two workers could spend the "
            "same money. Put the store on a local disk."
        )


def file_system_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds the path, given the text of /proc/mounts; "" when none does."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004
            continue
        point = Path(_unescape(fields[1]))
        # A later mount on the same point hides the earlier.
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), fields[2]
    return kind


def _unescape(text: str) -> str:
    # The kernel writes space, tab, newline and backslash as octal.
    for octal, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(octal, character)
    return text
