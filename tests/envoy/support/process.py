"""What the kernel shows of a process."""

from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Its resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def threads_named(pid: int, name: str) -> int:
    """How many of its threads have this name."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum((task / "comm").read_text().strip() == name for task in tasks)
