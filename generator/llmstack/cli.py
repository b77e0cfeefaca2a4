"""The command line: the table of commands."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from llmstack import __version__
from llmstack.commands import options as opt
from llmstack.commands import output
from llmstack.commands.adopt import adopt
from llmstack.commands.affected import affected
from llmstack.commands.diff import diff
from llmstack.commands.examples import epilog
from llmstack.commands.exits import Exit, run
from llmstack.commands.explain import explain
from llmstack.commands.fit import fit
from llmstack.commands.gen import gen
from llmstack.commands.grouped import Grouped
from llmstack.commands.help import help
from llmstack.commands.init import init
from llmstack.commands.learn import learn
from llmstack.commands.lint import lint
from llmstack.commands.mcp import mcp
from llmstack.commands.migrate import migrate
from llmstack.commands.render import render
from llmstack.commands.schema import schema
from llmstack.commands.secret import secret
from llmstack.commands.status import status
from llmstack.commands.tools import tools
from llmstack.commands.validate import validate
from llmstack.commands.verify import verify

COMMANDS = (
    init, migrate, adopt, gen, lint, validate, diff, affected, render, status, fit, verify, explain, schema, mcp, help,
)  # fmt: skip
"""Every command that holds no others, in the order of docs/commands.md. Its docstring is its help, its signature its
options."""

cli = typer.Typer(
    name="llmstack",
    cls=Grouped,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Serve LLMs with vLLM on Kubernetes: Kustomize overlays from Helm values, and what a change will do.",
)
cli.add_typer(learn, name="learn")
cli.add_typer(secret, name="secret")
cli.add_typer(tools, name="tools")
for command in COMMANDS:
    # `explain --max-model-len`: what it is asked about is often an option, of another program
    asked_about_options = {"ignore_unknown_options": command is explain}
    cli.command(context_settings=asked_about_options, epilog=epilog(command.__name__))(command)


def _show_version(value: bool) -> None:
    if value:
        print(f"llmstack {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    directory: opt.Directory = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""
    output.Options.directory = directory


def _absolute(places: str) -> str:
    """PATH without its relative folders: here they are folders of a repository that somebody else may have written."""
    return os.pathsep.join(filter(os.path.isabs, places.split(os.pathsep))) or os.defpath


def main() -> None:
    """Run the program and end with its exit code; on Windows only say that it runs in WSL."""
    import gc

    if sys.platform == "win32":
        sys.stderr.write("llmstack: it runs on Linux and macOS; on Windows, in WSL: https://aka.ms/wsl\n")
        sys.exit(Exit.FAILED)

    os.environ["PATH"] = _absolute(os.environ.get("PATH", os.defpath))
    gc.disable()  # a run is short, and most of what it makes lives to its end
    code = run(lambda: cli(prog_name="llmstack", standalone_mode=False))
    os._exit(code)  # all output is written; to take a large run's data apart would cost a fifth of its time


if __name__ == "__main__":
    main()
