"""A plan, carried out: contents are staged first, then renamed into place one by one.

A failure leaves the tree byte for byte as it was: what was renamed before it is put back. Signals that end a run wait
while files are renamed. One that is killed by force leaves each file wholly old or wholly new; the next run removes
what was staged and finishes. There is no fsync for each file: what is generated can be generated again.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct

from llmstack.disk.error import ChangedMeanwhileError, DiskError, reason_of
from llmstack.disk.folders import Folders, remove_empty
from llmstack.disk.home import Stage, append_record, find_home, lock, staging_folder
from llmstack.disk.listing import read_rest
from llmstack.disk.ownership import digest
from llmstack.disk.plan import Change, WritePlan
from llmstack.disk.signals import uninterrupted
from llmstack.disk.undo import Done, Signature, find_signature, keep, roll_back, signature_of

FILE_MODE = 0o644
_UNFINISHED = "each file has either its old or its new content; remove the cause and run again to finish"


class _Step(Struct, frozen=True):
    """A change that has been checked against the disk; `signature` is None where there is no file yet."""

    change: Change
    folder: str
    name: str
    signature: Signature | None


def apply(plan: WritePlan, root: Path) -> None:
    """Write and delete what `plan` says below `root`, and finish a run that was killed; with nothing to do,
    no more.

    Raises BusyError when another run is writing, ChangedMeanwhileError when a file is no longer as it was
    planned on (it is left as it is), DiskError for whatever else the disk refuses, ValueError for a plan with
    refusals.
    """
    if plan.refusals:
        raise ValueError("a plan with refusals must not be applied")
    home = find_home(root)
    if not plan.changes and not home.was_interrupted:
        return
    with ExitStack() as last, lock(home) as record, _opened(root) as top, staging_folder(home) as stage:
        names = _stage(plan.changes, stage.descriptor)
        with Folders(top, _check_writable) as folders:
            try:
                steps = _prepare(plan.changes, folders)
                _note(record, plan.changes, home.folder)
                last.enter_context(uninterrupted())
                _commit(steps, names, stage, folders)
            except BaseException:
                if not stage.in_use:
                    folders.unmake()
                raise
        remove_empty(top, {step.folder for step in steps if step.change.after is None} - {""})
        if stage.was_interrupted:
            remove_empty(top, set(plan.empty_folders))
        stage.in_use = False


@contextmanager
def _opened(root: Path) -> Iterator[int]:
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DiskError(str(root), f"cannot be opened: {reason_of(error)}") from error
    try:
        yield top
    finally:
        os.close(top)


def _stage(changes: Sequence[Change], staging: int) -> dict[str, str]:
    """Write all new contents into the staging folder; the staged file's name for each path."""
    names: dict[str, str] = {}
    for number, change in enumerate(changes):
        if change.after is None:
            continue
        names[change.path] = name = str(number)
        try:
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE, dir_fd=staging)
            try:
                os.fchmod(file, FILE_MODE)
                _write_all(file, change.after)
            finally:
                os.close(file)
        except OSError as error:
            raise DiskError(change.path, f"cannot be written: {reason_of(error)}", "nothing was changed") from error
    return names


def _write_all(file: int, content: bytes) -> None:
    done = os.write(file, content)
    while done < len(content):
        done += os.write(file, content[done:])


def _prepare(changes: Sequence[Change], folders: Folders) -> list[_Step]:
    """Make the folders that are needed, and check each file against the plan."""
    steps = []
    for change in sorted(changes, key=lambda change: change.path.split("/")):
        folder, _, name = change.path.rpartition("/")
        here = folders.enter(folder, create=change.after is not None)
        steps.append(_Step(change, folder, name, _check_unchanged(here, name, change)))
    return steps


def _check_writable(folder: int, path: str) -> None:
    if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder):
        raise DiskError(path, "is not writable", "nothing was changed; make the folder writable and run again")


def _check_unchanged(folder: int, name: str, change: Change) -> Signature | None:
    """The signature of a file that is as planned (None: no file); ChangedMeanwhileError otherwise."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        if change.before is None:
            return None
        raise _changed(change) from None
    except OSError as error:
        if error.errno == errno.ELOOP:  # O_NOFOLLOW: a symbolic link has taken its place
            raise _changed(change) from error
        raise DiskError(change.path, f"cannot be read: {reason_of(error)}", "nothing was changed") from error
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or read_rest(file) != change.before:
            raise _changed(change)
        return signature_of(status)
    finally:
        os.close(file)


def _changed(change: Change) -> ChangedMeanwhileError:
    return ChangedMeanwhileError(change.path, "changed during the run and was not written", "run again")


def _still_there(step: _Step, folder: int) -> None:
    """Raise ChangedMeanwhileError when the file is not the one that was checked any more."""
    if find_signature(step.name, folder) != step.signature:
        raise _changed(step.change)


def _note(record: int, changes: Sequence[Change], folder: Path) -> None:
    """Put into the record what is about to be written."""
    try:
        append_record(record, [digest(change.path, change.after) for change in changes if change.after is not None])
    except OSError as error:
        raise DiskError(str(folder), f"cannot be written: {reason_of(error)}", "nothing was changed") from error


def _commit(steps: Sequence[_Step], names: dict[str, str], stage: Stage, folders: Folders) -> None:
    """Rename what is staged into place, then delete: a file that others refer to goes after they do.

    What was done is undone when a step fails.
    """
    done: list[Done] = []
    for step in sorted(steps, key=lambda step: step.change.after is None):
        try:
            done.append(_carry_out(step, names.get(step.change.path), stage, folders, f"{len(done)}.old"))
        except (OSError, DiskError) as error:
            stage.in_use = not roll_back(done, stage.descriptor, folders)
            if isinstance(error, DiskError):
                raise
            verb = "deleted" if step.change.after is None else "written"
            advice = _UNFINISHED if stage.in_use else "nothing was changed"
            raise DiskError(step.change.path, f"cannot be {verb}: {reason_of(error)}", advice) from error
        stage.in_use = True


def _carry_out(step: _Step, staged: str | None, stage: Stage, folders: Folders, kept: str) -> Done:
    """Do one step; the file that was there is kept in the staging folder."""
    here = folders.enter(step.folder)
    _still_there(step, here)
    is_kept = step.signature is not None and keep(step.name, here, kept, stage.descriptor)
    if staged is None:
        os.unlink(step.name, dir_fd=here)
    else:
        os.rename(staged, step.name, src_dir_fd=stage.descriptor, dst_dir_fd=here)
    return Done(step.folder, step.name, step.change.before, kept if is_kept else None, find_signature(step.name, here))
