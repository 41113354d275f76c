"""The file system under a SQLite file: WAL shares memory between processes, which no network file system does safely."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

SHARED = frozenset(
    {
        "nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gfs", "gfs2",
        "ocfs2", "beegfs", "gpfs", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone",
        "fuse.gcsfuse", "fuse.blobfuse", "fuse.blobfuse2", "davfs", "fuse.davfs2",
    }
)  # fmt: skip
"""Kinds, as Linux names them, that several hosts may mount at once."""

_MOUNTS = Path("/proc/self/mounts")


def shared_kind(path: Path) -> str:
    """The kind of the shared file system that ``path`` (which need not exist) is on, or "" if it is local or not known."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
        kind = kind_of(PurePosixPath(path.resolve()), lines)
    except OSError:
        return ""
    return kind if kind in SHARED else ""


def kind_of(path: PurePosixPath, mounts: Iterable[str]) -> str:
    """The kind of the innermost mount over an absolute ``path``; ``mounts`` are lines of ``/proc/self/mounts``.

    Of two mounts at one place the later one counts. Blanks in a place are written as octal there.
    """
    found, depth = "", -1
    for line in mounts:
        words = line.split(" ")
        if len(words) < 3:
            continue
        place = PurePosixPath(_plain(words[1]))
        if len(place.parts) >= depth and path.is_relative_to(place):
            found, depth = words[2], len(place.parts)
    return found


def _plain(escaped: str) -> str:
    for octal, plain in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        escaped = escaped.replace(octal, plain)
    return escaped
