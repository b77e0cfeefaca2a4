"""`llmstack` for tests, out of one process that has all of its modules loaded and forks for each command.

Most of a small command's time is Python reading modules. A forked command has its caller's arguments, folder,
environment, umask and standard streams. Its process group, terminal, limits and parent are not its caller's, nor is
what Python reads of the environment when it starts; a test of these starts a Python of its own.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def command(*arguments: str) -> list[str]:
    """The words that run `llmstack` with these arguments."""
    return [sys.executable, "-I", "-S", str(HERE / "client.py"), _address(), *arguments]


@functools.cache
def _address() -> str:
    """The socket of this process's server, which starts with the first command and ends with this process."""
    folder = tempfile.mkdtemp(prefix="llmstack-")
    address = f"{folder}/socket"
    places = filter(None, (str(HERE.parents[1]), os.environ.get("PYTHONPATH")))
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.forks.server", address],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(places)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    atexit.register(_end, server, folder)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n", "the server of commands did not start"
    return address


def _end(server: subprocess.Popen[bytes], folder: str) -> None:
    """End the server: it does when its standard input does."""
    server.communicate()
    shutil.rmtree(folder, ignore_errors=True)
