"""What can go wrong on the disk, as one exception with a path and a reason."""

from __future__ import annotations


class DiskError(Exception):
    """The file system did not do what was asked. `path` is relative to the root where it lies below it."""

    def __init__(self, path: str, reason: str, advice: str = "") -> None:
        self.path = path
        self.reason = reason
        self.advice = advice
        super().__init__(f"{path}: {reason}" + (f"; {advice}" if advice else ""))


class BusyError(DiskError):
    """Another run holds the lock."""


class ChangedMeanwhileError(DiskError):
    """A file is no longer what the plan was made on; it was left as it is."""


def reason_of(error: OSError) -> str:
    """The system's own words for an error, such as `No space left on device`."""
    return error.strerror or str(error)
