"""The program starts fast: what no command has asked for yet is not imported."""

from __future__ import annotations

import subprocess
import sys

from llmstack import __version__
from llmstack.commands.exits import Exit

NAMES = "import sys; from llmstack.cli import cli; print(*sys.modules)"
"""What every run imports before it knows its command, and all that `--version` does."""

TABLES = {"llmstack.report", "llmstack.report.inert", "llmstack.report.paint", "llmstack.report.visible"} | {
    f"llmstack.report.{name}"
    for name in ("formats", "review_formats", "fit_formats", "verification_formats", "json_schemas")
}
"""The last write of all output, and the tables of formats."""


def test_what_every_run_imports() -> None:
    done = subprocess.run([sys.executable, "-c", NAMES], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "llmstack.commands.options" in modules
    assert not modules & {"jinja2", "pydantic", "yaml", "git", "jsonschema_rs", "cryptography"}
    assert {name for name in modules if name.startswith("llmstack.report")} <= TABLES
    own = {name for name in modules if name.startswith("llmstack")}
    assert len(own) < 45, sorted(own)


def test_what_compares_two_revisions_reads_no_values() -> None:
    """`diff` follows the trees on a second core while it loads what reads values."""
    program = "import sys, llmstack.repository.comparison; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pydantic", "jinja2", "llmstack.repository.read", "llmstack.checks.table"}


WINDOWS = """
import sys, typer
sys.platform = "win32"
sys.modules["fcntl"] = sys.modules["resource"] = None
sys.argv = ["llmstack", "gen"]
from llmstack.cli import main
main()
"""
"""Windows as far as it shows before anything runs: its name, and modules of Python that it does not have."""


def test_windows_is_told_of_wsl() -> None:
    done = subprocess.run([sys.executable, "-c", WINDOWS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.count("\n") == 1
    assert "in WSL" in done.stderr


INTERRUPTED = """
import signal, sys, weakref
class Lock: pass
class Interrupt:
    def find_spec(self, name, *rest):
        if name == "typer":
            lock = Lock()
            self.called = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGINT))
            del lock
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job has ignored
sys.argv = ["llmstack", "--version"]
sys.meta_path.insert(0, Interrupt())
from llmstack.__main__ import main
main()
"""
"""Ctrl-C while the command line is loading, and while that calls back, as Python's own locks of modules do."""


def test_ctrl_c_while_it_loads_ends_without_a_word() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (Exit.INTERRUPTED, "", "")


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "llmstack", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"llmstack {__version__}\n"
