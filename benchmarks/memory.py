"""The most memory that a process ever had."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mb() -> int:
    """Of this process, in MB; on Linux without what its parent had when it started this one, which ``getrusage`` counts in."""
    if _STATUS.exists():
        said = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return round(int(said["VmHWM"].split()[0]) / 1024)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
