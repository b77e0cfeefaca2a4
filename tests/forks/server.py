"""Load `llmstack`, then fork for each command that comes in over a socket; end with standard input.

python -P -m tests.forks.server SOCKET
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import time
from typing import Any

import llmstack
import llmstack.cli


def main() -> None:
    for module in pkgutil.walk_packages(llmstack.__path__, "llmstack."):
        importlib.import_module(module.name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is of no interest
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(sys.argv[1])
        server.listen(64)
        print("ready", flush=True)
        while server in select.select([server, sys.stdin], [], [])[0]:
            caller, _ = server.accept()
            if os.fork() == 0:
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os._exit(_serve(caller))
            caller.close()


def _serve(caller: socket.socket) -> int:
    """Run one command and send its exit code."""
    _, streams, _, _ = socket.recv_fds(caller, 1, 3)
    asked = json.loads(caller.makefile().readline())
    child = os.fork()
    if child == 0:
        caller.close()
        _become(streams, asked)
        llmstack.cli.main()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    caller.sendall(f"{code if code >= 0 else 128 - code}\n".encode())  # a signal as shells have it
    return 0


def _become(streams: list[int], asked: dict[str, Any]) -> None:
    """Be in the caller's place; the streams are made as Python makes them when it starts."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.umask(asked["umask"])
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.argv = ["llmstack", *asked["arguments"]]
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), "utf-8")
    sys.stdout = _writer(1, "strict", at_once=at_once)
    sys.stderr = _writer(2, "backslashreplace", at_once=at_once)


def _writer(number: int, errors: str, *, at_once: bool) -> io.TextIOWrapper:
    raw = io.FileIO(number, "w")
    binary: Any = raw if at_once else io.BufferedWriter(raw)
    return io.TextIOWrapper(binary, "utf-8", errors, line_buffering=number == 2 or raw.isatty(), write_through=at_once)


if __name__ == "__main__":
    main()
