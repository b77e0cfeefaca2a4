"""`llmstack secret`: reads a value where nobody sees it, and hands it on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from typer import Argument

from llmstack.commands import completion, output
from llmstack.commands.running import LINE
from llmstack.errors import UsageError

if TYPE_CHECKING:
    from llmstack.secrets.set import Stored

SecretEnv = Annotated[
    str,
    Argument(metavar="ENV", help="The environment, or its values file.", autocompletion=completion.environments),
]
SecretName = Annotated[str, Argument(metavar="NAME", help="Name of the Secret.")]
SecretKey = Annotated[str, Argument(metavar="KEY", help="Key within the Secret.")]


secret = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Encrypt values of Secrets for Git.")


@secret.callback()
def secrets() -> None:
    """Encrypt values of Secrets for Git."""


@secret.command("set")
def set_value(env: SecretEnv, name: SecretName, key: SecretKey) -> None:
    """Encrypt one value of a Secret into overlays/<env>/secrets/.

    The value comes from stdin, or from a prompt that does not show it; one line break at its end is left out. A value
    that is known to be there already is not encrypted again.
    """
    from datetime import UTC, datetime
    from functools import partial
    from getpass import getpass

    from llmstack.secrets import set

    project = output.find_project([env])
    environment = project.select_one(env)
    value = read_value(name, key, getpass)
    store = partial(set.set_secret, project, environment, name, key, value, tool_folder=output.tool_folder())
    findings, stored = take_turns(lambda: store(now=datetime.now(UTC)))
    output.report_beside(findings)
    if stored is not None:
        result, said = show_stored(stored, environment.name, name, key)
        sys.stderr.write(said)
        sys.stdout.write(result)


Result = TypeVar("Result")
_PATIENCE = 30
"""Seconds that a run waits for others that write in the same tree."""


def take_turns(write: Callable[[], Result]) -> Result:
    """Do what reads, changes and writes a file, again from the start as long as another run is writing there, or wrote
    the file in between: neither loses what the other wrote."""
    import time

    from llmstack.disk.error import BusyError, ChangedMeanwhileError

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return write()
        except (BusyError, ChangedMeanwhileError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def read_value(name: str, key: str, prompt: Callable[[str], str]) -> str:
    """The value: what stdin holds, without one line break at its end; on a terminal the answer to a hidden prompt."""
    if sys.stdin.isatty():
        LINE.end()
        return prompt(f"Value of {name}/{key} (not shown): ")
    try:
        value = sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("the value on stdin is not text in UTF-8") from None
    return value.removesuffix("\n").removesuffix("\r")


def show_stored(stored: Stored, environment: str, name: str, key: str) -> tuple[str, str]:
    """What to print: the result, and what there is to say beside it."""
    said = [f"sealed for the certificate of SHA-256 fingerprint {stored.certificate}"] if stored.certificate else []
    if stored.written:
        said += [] if stored.is_read else [f"nothing in {environment} reads {key} of Secret {name}"]
        said += [f"run `llmstack gen {environment}`, which lists the new file"] if stored.is_new else []
    result = "encrypted" if stored.written else "has this value already"
    return f"{stored.path}: {key} {result}\n", "".join(f"llmstack: {line}\n" for line in said)
