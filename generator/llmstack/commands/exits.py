"""How a run ends: the exit codes, and the one place that turns what went wrong into one of them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

import typer

from llmstack import __version__
from llmstack.commands.running import LINE
from llmstack.commands.streams import make_inert, wants_colour

if TYPE_CHECKING:
    from llmstack.finding import Finding


class Exit(IntEnum):
    """Exit codes, part of the contract."""

    CLEAN = 0
    ERRORS = 1
    USAGE = 2
    DIFFERS = 3
    REFUSED = 4
    FAILED = 5
    BUG = 70
    INTERRUPTED = 130
    CUT_OFF = 141


MEANINGS: Mapping[Exit, str] = {
    Exit.CLEAN: "Success, nothing to report.",
    Exit.ERRORS: "Errors were found: the values are not valid, a check failed, or `--fail-on` is met.",
    Exit.USAGE: "The command line is not valid.",
    Exit.DIFFERS: "Something differs (`gen --check`, `diff --exit-code`).",
    Exit.REFUSED: "Refused, nothing was written: the run would overwrite or follow a file that is not llmstack's.",
    Exit.FAILED: "A tool, Git or the disk failed.",
    Exit.BUG: "A bug in llmstack; the message says how to report it.",
    Exit.INTERRUPTED: "Interrupted with Ctrl-C (128 + the signal's number, as shells have it).",
    Exit.CUT_OFF: "The reader of the output closed it early, as in `llmstack render prod | head -1`.",
}
"""What each code says, for docs/commands.md."""

_CLICK_ERROR: Any = typer.BadParameter.__mro__[2]
"""Click's own error class, ClickException: typer may bring its own copy of click, which has no public name."""


def run(program: Callable[[], object]) -> int:
    """Run the program to its end, output written out; returns its exit code, whatever happens."""
    _use_utf8()
    LINE.begin(sys.stderr)
    try:
        code = program()
        LINE.end()
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        LINE.end()
        code, words = _explain(error)
        with contextlib.suppress(OSError):
            sys.stderr.write(_mask(words) if code == Exit.BUG else _told(words))
    for stream in (sys.stdout, sys.stderr):
        _drop_rest(stream)
    return code if isinstance(code, int) else Exit.CLEAN


def _use_utf8() -> None:
    """Write UTF-8 whatever the locale, inert, so that output is the same everywhere; a closed stream is empty."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        else:
            make_inert(name)


def _drop_rest(stream: TextIO) -> None:
    """Write out what is left; where that cannot be, drop it, else Python complains of it at its own end.

    The way is that of Python's documentation of `signal`, "Note on SIGPIPE".
    """
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _explain(error: BaseException) -> tuple[int, str]:
    """The exit code of what ended the run, and the words for it."""
    from llmstack.errors import FoundError

    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        return Exit.CUT_OFF, ""  # typer turns it into a SystemExit of its own
    if isinstance(error, (typer.Exit, SystemExit)):
        code = error.exit_code if isinstance(error, typer.Exit) else error.code
        return (code if isinstance(code, int) else Exit.CLEAN), ""
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return Exit.INTERRUPTED, "llmstack: interrupted\n"
    if isinstance(error, _CLICK_ERROR):
        return Exit.USAGE, _usage(error)
    if isinstance(error, FoundError):
        return Exit.ERRORS, _show_findings(error.findings)
    ending = next((ending for kinds, ending in _known_errors() if isinstance(error, kinds)), None)
    return (Exit.BUG, _report_bug(error)) if ending is None else (ending, f"llmstack: {_say(error)}\n")


def _say(error: BaseException) -> str:
    if isinstance(error, OSError):
        return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
    return str(error)


def _known_errors() -> tuple[tuple[tuple[type[Exception], ...], Exit], ...]:
    """What each exit code stands for, among the errors that are our own."""
    from llmstack.disk.error import DiskError
    from llmstack.errors import RefusedError, UsageError
    from llmstack.git.process import GitError
    from llmstack.kustomize.files import KustomizationError
    from llmstack.programs import ToolError

    return (
        ((UsageError,), Exit.USAGE),
        ((RefusedError,), Exit.REFUSED),
        ((DiskError, GitError, KustomizationError, OSError, ToolError), Exit.FAILED),
    )


def _mask(words: str) -> str:
    """What is said of an error, without secrets: programs that we run repeat what they were given."""
    from llmstack.secrecy.masking import mask_words

    return mask_words(words)


def _told(words: str) -> str:
    """What is said of an error, line by line of readable length."""
    from llmstack.report.visible import bounded

    return "\n".join(map(bounded, _mask(words).split("\n")))


def _usage(error: Any) -> str:
    """What typer says of a wrong command line: the usage, and what is wrong."""
    words = io.StringIO()
    error.show(words)
    return words.getvalue()


def _show_findings(findings: Sequence[Finding]) -> str:
    from llmstack.report.formats import render_findings

    return render_findings(findings, "text", colour=wants_colour(sys.stderr), pages={})


def _report_bug(error: BaseException) -> str:
    import traceback

    from llmstack import about

    place = f"at {about.HOME}/issues" if about.HOME else "to the maintainers"
    return f"""{"".join(traceback.format_exception(error))}
llmstack {__version__} has a bug. Please report it with the lines above and the values that
show it (without secrets) {place}; SECURITY.md says how if it is a security matter.
"""
