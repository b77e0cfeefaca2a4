"""Confined programs, several at a time, each run to its end, which comes with ours: by a signal, an exception, a kill.

One thread starts them, reads what they say and ends them. (A thread for each would have to fork while others hold
locks, and would hear of no signal.)
"""

from __future__ import annotations

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from msgspec import Struct, field

from llmstack.programs.confine import BARE, confinement
from llmstack.progress import Step, ignore

_ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What ends us from outside; Ctrl-C comes as KeyboardInterrupt by itself."""
_HELD = (*_ENDING, signal.SIGINT)
"""What waits while a program is being started: it would be started, and nobody would know of it."""
_SIZE = 1 << 16
_PAUSE = 0.005
"""Seconds between looks at a program that says nothing more and has not ended."""

Ended = subprocess.CompletedProcess[str] | subprocess.TimeoutExpired | OSError
"""How a program ended: with what it said, too late, or before it began."""


class Call(Struct, frozen=True):
    """A program with its arguments, and the folder it runs in."""

    command: Sequence[str]
    folder: Path | None = None
    processor: int | None = None
    """Seconds of processor time that it may take; the kernel kills it then."""
    memory: int | None = None
    """Mebibytes that it may hold, on Linux; it gets no more then."""


class _Running(Struct, eq=False):
    """A program that runs: the first of its process group, so that all that it may start ends with it."""

    number: int
    process: subprocess.Popen[bytes]
    deadline: float
    said: dict[IO[bytes], bytearray] = field(default_factory=dict)
    """What came of its output and its errors, in this order."""

    @property
    def is_silent(self) -> bool:
        """Whether it has closed its output and its errors: it ends, most often."""
        return all(stream.closed for stream in self.said)

    def end(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for stream in self.said:
            stream.close()
        self.process.wait()


def run_together(
    calls: Sequence[Call],
    *,
    timeout: float,
    at_once: int = 1,
    step: Step = ignore,
) -> list[Ended]:
    """Run programs, `at_once` of them, each for at most `timeout` seconds, and return how each ended, in their order.

    `step` is told how many of how many have ended. Nothing of them is left, whatever ends this.
    """
    waiting = deque(enumerate(calls))
    running: list[_Running] = []
    ended: dict[int, Ended] = {}
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    number, call = waiting.popleft()
                    try:
                        _start(running, number, call, timeout)
                    except OSError as error:
                        ended[number] = error
                        step(len(ended), len(calls))
                    else:
                        _listen(selector, running[-1])
                _read(selector, running)
                for each in [each for each in running if _is_over(each)]:
                    ended[each.number] = _end(selector, each, calls[each.number].command, timeout)
                    running.remove(each)
                    step(len(ended), len(calls))
        finally:
            for each in running:
                each.end()
    return [ended[number] for number in range(len(calls))]


def _start(running: list[_Running], number: int, call: Call, timeout: float) -> None:
    """Start a program, which is then among those that run; raises OSError."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        process = subprocess.Popen(
            call.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=call.folder,
            env=dict(BARE),
            process_group=0,
            preexec_fn=_prepared(before, call),
        )
        running.append(_Running(number, process, time.monotonic() + timeout))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepared(mask: set[signal.Signals | int], call: Call) -> Callable[[], None]:
    """What a child does before it becomes the program: it hears signals again, and is confined and bounded."""
    confine = confinement()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if call.processor is not None:  # at the hard limit, since Go's programs go on after SIGXCPU
            _bound(resource.RLIMIT_CPU, call.processor)
        if call.memory is not None and sys.platform.startswith("linux"):
            _bound(resource.RLIMIT_DATA, call.memory << 20)
        if confine is not None:
            confine()

    return prepare


def _bound(limit: int, amount: int) -> None:
    """Set a hard limit, unless there is a lower one."""
    most = resource.getrlimit(limit)[1]
    bound = amount if most == resource.RLIM_INFINITY else min(amount, most)
    resource.setrlimit(limit, (bound, bound))


def _listen(selector: selectors.BaseSelector, each: _Running) -> None:
    for stream in (each.process.stdout, each.process.stderr):
        if stream is not None:
            each.said[stream] = bytearray()
            selector.register(stream, selectors.EVENT_READ, each.said[stream])


def _read(selector: selectors.BaseSelector, running: Sequence[_Running]) -> None:
    """Take what the programs say, until one ends or is late."""
    if not running:
        return
    wait = min(each.deadline for each in running) - time.monotonic()
    if any(each.is_silent for each in running):
        wait = min(wait, _PAUSE)
    for key, _ in selector.select(max(0.0, wait)):
        part = os.read(key.fd, _SIZE)
        key.data.extend(part)
        if not part:
            selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]


def _is_over(each: _Running) -> bool:
    """Whether it has said all and ended, or is late."""
    return (each.is_silent and each.process.poll() is not None) or time.monotonic() >= each.deadline


def _end(selector: selectors.BaseSelector, each: _Running, command: Sequence[str], timeout: float) -> Ended:
    """What a program said that has ended; one that is late is ended."""
    if each.process.poll() is None or not each.is_silent:
        for stream in [stream for stream in each.said if not stream.closed]:
            selector.unregister(stream)
        each.end()
        return subprocess.TimeoutExpired(command, timeout)
    output, errors = (said.decode("utf-8", "replace").replace("\r\n", "\n") for said in each.said.values())
    return subprocess.CompletedProcess(command, each.process.returncode, output, errors)


@contextlib.contextmanager
def ending_together() -> Iterator[None]:
    """While this holds, SIGTERM and SIGHUP end us as SystemExit, as Ctrl-C does by KeyboardInterrupt: so that what runs
    ends, and what is temporary goes. In other threads than the first, which get no signals, this does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, _exit) for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _exit(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
