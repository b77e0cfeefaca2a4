"""One program, run to its end: what it says, or a plain word on why it failed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from llmstack.programs.running import Call, Ended, ending_together, run_together

TIMEOUT = 600
"""Seconds after which a program counts as hung."""


class ToolError(Exception):
    """A program is missing, too old, or failed; the text says which, why, and what to do."""


def run(
    command: Sequence[str],
    what: str,
    *,
    accept: Sequence[int] = (0,),
    given: str | None = None,
    confined: bool = False,
    folder: Path | None = None,
    timeout: int = TIMEOUT,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with `given` (or nothing) on its stdin; ToolError when it cannot run, hangs or fails.

    `what` names it in messages. A confined one, in `folder`, opens no socket, runs nothing else and finds nothing in
    its environment; it ends with us.
    """
    ended: Ended
    try:
        if confined:
            with ending_together():
                (ended,) = run_together([Call(command, folder)], timeout=timeout)
        else:
            ended = subprocess.run(
                command, input=given or "", capture_output=True, timeout=timeout, check=False, encoding="utf-8"
            )
    except (subprocess.TimeoutExpired, OSError) as error:
        ended = error
    return judge(ended, command, what, accept, timeout)


COPY = "secret.yaml"
"""What stands for the copy in the words of a command (`run_on_copy`), and the name that it has."""


def run_on_copy(command: Sequence[str], what: str, text: str, *, given: str) -> str:
    """Run a program that changes a file in place on a copy, named where COPY stands; returns what it then holds.

    `given` goes to its stdin. Raises ToolError when it cannot run, hangs or fails.
    """
    with tempfile.TemporaryDirectory(prefix="llmstack-") as folder:
        file = Path(folder) / COPY
        file.write_text(text, encoding="utf-8")
        run([str(file) if word == COPY else word for word in command], what, given=given)
        return file.read_text(encoding="utf-8")


def judge(
    ended: Ended, command: Sequence[str], what: str, accept: Sequence[int], timeout: int
) -> subprocess.CompletedProcess[str]:
    """What a program said, in plain words where it failed."""
    if isinstance(ended, subprocess.TimeoutExpired):
        raise ToolError(f"{what} did not finish within {timeout} seconds") from ended
    if isinstance(ended, OSError):
        if ended.filename in (None, command[0]):
            raise ToolError(f"{command[0]} cannot be run: {ended.strerror}") from ended
        raise ToolError(f"{ended.filename}: {ended.strerror}") from ended  # the folder to run it in
    if ended.returncode not in accept:
        said = ended.stderr.strip().removeprefix("Error: ") or f"exit code {ended.returncode}"
        raise ToolError(f"{what} failed: {said}")
    return ended
