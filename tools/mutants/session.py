"""Tests collected once, and run in forks of the process that did so: what takes seconds to load is loaded once."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

import pytest

Items = dict[str, pytest.Item]
"""The tests that were collected, by their id."""
WALL = 6
"""How many seconds of a clock stand for one of processor time, on a busy machine and with programs that wait."""
MEMORY = 4 << 30
OUT_OF_TIME = (signal.SIGPROF, signal.SIGXCPU, signal.SIGKILL)
SAID, RAISED = "said.txt", "raised.txt"


def with_collected(files: Iterable[str], work: Callable[[pytest.Session, Items], None]) -> None:
    """Collect the tests of these files, and do some work with them. Raises RuntimeError where pytest cannot."""

    class Plugin:
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            assert not session.testsfailed, "collected without errors"
            work(session, {item.nodeid: item for item in session.items})
            return True

    options = ["-q", "-s", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    code = pytest.main([*options, *files], plugins=[Plugin()])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"pytest ended with {code!r}")


def run_items(session: pytest.Session, items: Sequence[pytest.Item], allowed: Sequence[float] = ()) -> str:
    """Run tests in this order until one fails: its id, empty where all pass. `allowed` is how many seconds of processor
    time each may take; a test that takes more ends the process by SIGPROF."""
    for item, following, seconds in zip_longest(items, items[1:], allowed):
        signal.setitimer(signal.ITIMER_PROF, seconds or 0)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return item.nodeid
    return ""


def in_fork(work: Callable[[], str], seconds: float) -> str | None:
    """Do work in a child that may take so many seconds of processor time, and as many as WALL times that of a clock:
    what it returns. None when it was ended for want of time; what it started and its temporary files end with it.

    Raises RuntimeError with the trace of what it raised: that is a mistake of ours, not of a mutant.
    """
    place = Path(tempfile.mkdtemp(prefix="mutant-"))
    child = os.fork()
    if not child:
        _work_apart(work, int(seconds), place)
    try:
        status = _wait(child, time.monotonic() + WALL * seconds)
        if status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in OUT_OF_TIME):
            return None
        if (place / RAISED).exists():
            raise RuntimeError((place / RAISED).read_text(encoding="utf-8"))
        said = place / SAID
        return said.read_text(encoding="utf-8") if said.exists() else f"ended with {os.waitstatus_to_exitcode(status)}"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _work_apart(work: Callable[[], str], seconds: int, place: Path) -> None:
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = str(place)
        said = work()
        (place / SAID).write_text(said, encoding="utf-8")
    except Exception:
        (place / RAISED).write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(0)


def _wait(child: int, ends: float) -> int | None:
    """The status with which a child ended; None for one that was killed at the end of its time."""
    status = None
    while status is None and time.monotonic() < ends:
        ended, found = os.waitpid(child, os.WNOHANG)
        status = found if ended else None
        if status is None:
            time.sleep(0.02)
    with suppress(ProcessLookupError):  # nothing that it started is left
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return status
