"""Tests collected once, and run in forks of the process that did so: what takes seconds to load is loaded once."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any

import pytest

Items = dict[str, pytest.Item]
"""The tests that were collected, by their id."""
WALL = 10
"""How many seconds of a clock stand for one of processor time, on a busy machine and with programs that wait."""
MEMORY = 6 << 30


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


def run_items(session: pytest.Session, items: Sequence[pytest.Item]) -> bool:
    """Whether all of these tests pass, in this order; the first that fails is the last that runs."""
    for item, following in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def in_fork(work: Callable[[], Any], seconds: int) -> int | None:
    """Do work in a child that may take so many seconds of processor time: its exit code, 0 where `work` returns a true
    value. None when it was ended for want of time; what it started and its temporary files end with it."""
    place = tempfile.mkdtemp(prefix="mutant-")
    child = os.fork()
    if not child:
        _work_apart(work, seconds, place)
    status = _wait(child, time.monotonic() + WALL * seconds)
    shutil.rmtree(place, ignore_errors=True)
    if status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)):
        return None
    return os.waitstatus_to_exitcode(status)


def _work_apart(work: Callable[[], Any], seconds: int, place: str) -> None:
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(quiet, stream)
        os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = place
        code = 0 if work() else 1
    finally:
        os._exit(code)


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
