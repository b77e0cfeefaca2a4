"""`llmstack init`: a new repository."""

from __future__ import annotations

import sys
from pathlib import Path

from llmstack.commands import options as opt
from llmstack.commands import output


def init(directory: opt.NewFolder = Path(), ci: opt.Ci = opt.Forge.GITHUB) -> None:
    """Write a new repository: values, workflow, tools, README.

    A README.md, .gitignore or .gitattributes that is there is kept; when any other of its files is, none is written.
    requirements.txt pins the llmstack that runs, as its installation recorded it.
    """
    from llmstack.commands.init.installation import pin_running
    from llmstack.commands.init.new_repository import make_repository, next_commands, warnings

    root = (output.Options.directory or Path()) / directory
    pin = pin_running()
    made = make_repository(root, pin.text, ci)
    print(f"wrote {len(made.written)} files:", *(f"  {path}" for path in made.written), sep="\n")
    print("next:", *(f"  {command}" for command in next_commands(root)), sep="\n")
    for line in (*warnings(root, made.kept), *([pin.advice] if pin.advice else [])):
        sys.stderr.write(f"llmstack: {line}\n")
