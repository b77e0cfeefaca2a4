"""`llmstack adopt`: a running Helm release becomes this tree, one model at a time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from llmstack.commands import completion, output

Adopted = Annotated[str, Argument(metavar="ENV", help="The environment that takes the release over.")]
Manifest = Annotated[
    str,
    Option(
        "--manifest",
        metavar="FILE",
        help="What runs: `helm get manifest RELEASE`, or `kubectl get -o yaml`; `-` reads stdin.",
    ),
]
LetGo = Annotated[
    list[str] | None,
    Option(
        "--let-go",
        metavar="MODEL",
        help="Write no hold for this model (or unit, such as `router`): it rolls.",
        autocompletion=completion.models,
    ),
]
WriteAdoption = Annotated[
    bool, Option("--write", help="Rewrite the values and write the holds; otherwise they are only shown.")
]


def adopt(env: Adopted, manifest: Manifest, let_go: LetGo = None, write: WriteAdoption = False) -> None:
    """Take a running Helm release over without restarting its pods.

    Sets the selectors of the release in the values, says per model what differs from what runs and why, and writes
    holds into custom/<env>/ that keep what differs. docs/adopt.md has the steps in the cluster.
    """
    from llmstack.report.adoption import show_adoption
    from llmstack.repository.adoption import adopt_release, write_adoption

    project = output.find_project([env])
    adopted = adopt_release(project, env, read_manifest(manifest), let_go or [])
    if write:
        write_adoption(project, adopted)
    sys.stdout.write(show_adoption(adopted.before, adopted.after, adopted.release, adopted.plan, written=write))


def read_manifest(name: str) -> str:
    """The text of the manifest; raises UsageError where there is none."""
    from llmstack.errors import UsageError

    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"--manifest {name} cannot be read: {error.strerror}") from error
    return content.decode("utf-8", "replace")
