"""Owner: which process holds a lease, and whether that process is certainly dead."""

import os
import socket
import uuid
from pathlib import Path


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return "-"


def _start_time(pid: int) -> str:
    """When the process started, in clock ticks since boot; "" if there is no such process, "?" if it cannot be told."""
    try:
        return (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="utf-8", errors="replace")
            .rpartition(")")[2]
            .split()[19]
        )
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else "?"
    except (OSError, IndexError):
        return "?"


def this_process() -> str:
    """The identity of this process: host, boot, pid namespace, pid, start time and a random part, as one string."""
    pid = os.getpid()
    return "|".join(
        (socket.gethostname(), _boot_id(), _namespace(), str(pid), _start_time(pid), uuid.uuid4().hex[:8])
    )


def is_dead(owner: str) -> bool:
    """True only if it is certain: same host, boot and pid namespace, and no process with that pid and start time."""
    parts = owner.split("|")
    if len(parts) != 6 or "-" in parts[1:3]:
        return False
    host, boot, namespace, pid, started, _ = parts
    if (host, boot, namespace) != (socket.gethostname(), _boot_id(), _namespace()):
        return False
    return started != "?" and _start_time(int(pid)) not in {started, "?"}


def describe(owner: str) -> str:
    """The identity for people: ``pid 4711 on host``."""
    parts = owner.split("|")
    return f"pid {parts[3]} on {parts[0]}" if len(parts) == 6 else owner
