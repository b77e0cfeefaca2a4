"""Whatever ends the tests ends what they started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.kubectl import wait_until
from tests.cluster.processes import ProcessError, running

ENDS = {
    "the block": "pass",
    "a failure": "raise SystemExit(1)",
    "an interrupt": "os.kill(os.getpid(), signal.SIGINT); time.sleep(60)",
    "a kill": "os.kill(os.getpid(), signal.SIGKILL)",
}
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from tests.cluster.processes import running

with running([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1])) as process:
    print(process.pid, flush=True)
    {end}
"""


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_with(end: str, tmp_path: Path) -> None:
    if end == "a kill" and sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent was killed")
    argv = [sys.executable, "-c", PROGRAM.format(end=ENDS[end]), str(tmp_path / "log")]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    pid = int(done.stdout)
    wait_until(lambda: not _lives(pid), "its end", patience=10)


def test_one_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('no port'); raise SystemExit(3)"]
    with pytest.raises(ProcessError, match=r"exit code 3:\nno port"), running(argv, tmp_path / "log") as process:
        process.wait()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
