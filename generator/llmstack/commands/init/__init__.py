"""`llmstack init`: a new repository."""

from __future__ import annotations

from pathlib import Path

from llmstack.commands import options as opt
from llmstack.commands import output


def init(directory: opt.NewFolder = Path()) -> None:
    """Write a new repository: values, workflow, tools, README.

    Overwrites nothing: when one of its files is there already, none is written.
    """
    from llmstack.commands.init.new_repository import make_repository, next_commands

    root = (output.Options.directory or Path()) / directory
    written = make_repository(root)
    print(f"wrote {len(written)} files:", *(f"  {path}" for path in written), sep="\n")
    print("next:", *(f"  {command}" for command in next_commands(root)), sep="\n")
