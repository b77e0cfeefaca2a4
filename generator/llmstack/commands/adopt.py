"""`llmstack adopt`: a running Helm release becomes this tree, one model at a time."""

from __future__ import annotations

import sys
from pathlib import Path

from llmstack.commands import options as opt
from llmstack.commands import output


def adopt(env: opt.Adopted, manifest: opt.Manifest, let_go: opt.LetGo = None, write: opt.WriteAdoption = False) -> None:
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
