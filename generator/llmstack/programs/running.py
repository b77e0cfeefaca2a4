"""One confined program, run to its end, which comes with ours: by a signal, an exception, or a kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from llmstack.programs.confine import BARE, confinement

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
"""What ends us from outside; Ctrl-C comes as KeyboardInterrupt by itself."""

_groups: set[int] = set()
"""Process groups that run now. A program is the first of its group, so that all that it may start ends with it."""
_over = threading.Event()
"""Set when all that runs is to end: what another thread is just starting, too."""


def run_confined(
    command: Sequence[str], *, folder: Path | None, timeout: float, environment: Mapping[str, str] = BARE
) -> subprocess.CompletedProcess[str]:
    """Run a program in `folder` with nothing on its stdin, and return what it said.

    Raises OSError when it cannot run, and subprocess.TimeoutExpired. Nothing of it is left in any case.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=dict(environment),
        encoding="utf-8",
        errors="replace",
        process_group=0,
        preexec_fn=confinement(),
    )
    _groups.add(process.pid)
    if _over.is_set():
        _end(process.pid)  # it was started while all others were being ended
    try:
        output, errors = process.communicate(timeout=timeout)
    except BaseException:
        _end(process.pid)
        process.communicate()
        raise
    finally:
        _groups.discard(process.pid)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


@contextlib.contextmanager
def ending_together() -> Iterator[None]:
    """While this holds, SIGTERM and SIGHUP end what runs and then us, as SystemExit: so that what is temporary goes.

    An exception ends what runs in other threads too. In these, which get no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _over.clear()
    before = {each: signal.signal(each, _exit) for each in _SIGNALS if signal.getsignal(each) is signal.SIG_DFL}
    try:
        yield
    except BaseException:
        _over.set()
        for group in list(_groups):
            _end(group)
        raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end(group: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)
