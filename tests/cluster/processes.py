"""Programs in the background: started, waited for until they answer, and ended whatever happens.

Everything listens on 127.0.0.1. A program ends with its block, and on Linux also when the tests themselves are killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
PATIENCE = 120.0
"""Seconds that a program has to answer for the first time; the slowest needs nine on two cores."""
GRACE = 20.0
"""Seconds that a program has to end when it is asked to."""
PR_SET_PDEATHSIG = 1
"""The option of prctl(2) that has a process signalled when its parent dies."""


class ProcessError(Exception):
    """A program ended, or did not answer in time; the text has the end of its log."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(
    argv: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block runs, with its output in `log`; raises ProcessError when it ended by itself."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(environment or {}),
            start_new_session=True,  # Ctrl-C reaches the tests alone, which end what they started in order
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    try:
        yield process
        if process.poll() is not None:
            raise ProcessError(_ended(process, log))
    finally:
        _end(process)


def wait_for(answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `answers` is true; raises ProcessError when the program ends or PATIENCE does."""
    until = time.monotonic() + PATIENCE
    while not answers():
        if process.poll() is not None:
            raise ProcessError(_ended(process, log))
        if time.monotonic() > until:
            raise ProcessError(f"{_name(process)} does not answer after {PATIENCE:.0f} s:\n{_tail(log)}")
        time.sleep(0.1)


def answers_at(url: str, context: ssl.SSLContext | None = None) -> Callable[[], bool]:
    """Whether `url` answers with a success."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5, context=context) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return answers


def listening() -> set[str]:
    """Where this process and the programs that it runs listen for TCP, as `ADDRESS:PORT` in hexadecimal; Linux.

    The format is that of proc_pid_net(5) and proc(5): state 0A is LISTEN, `00000000` any address, `0100007F` 127.0.0.1.
    """
    own = os.getpid()
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    sockets = {link for pid, parent in parents.items() if own in (pid, parent) for link in _links(pid)}
    tables = [Path(f"/proc/{own}/net/{name}").read_text(encoding="ascii") for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {fields[1] for fields in lines if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets}


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def _links(pid: int) -> Iterator[str]:
    for path in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(FileNotFoundError):
            yield os.readlink(path)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ended(process: subprocess.Popen[bytes], log: Path) -> str:
    return f"{_name(process)} ended with exit code {process.returncode}:\n{_tail(log)}"


def _name(process: subprocess.Popen[bytes]) -> str:
    assert isinstance(process.args, list | tuple)
    return Path(str(process.args[0])).name


def _tail(log: Path, lines: int = 30) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
