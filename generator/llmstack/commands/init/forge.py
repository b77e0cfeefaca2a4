"""What a forge runs on each change of a new repository: GitHub's workflow and the action it uses, GitLab's jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib.resources import files

WORKFLOW = ".github/workflows/overlays.yml"
ACTION = ".github/actions/llmstack"
"""The folder of the action where it is copied."""

_PLAIN = re.compile(r"[\w./-]+", re.ASCII)
"""Paths that YAML takes as they are."""


def template(name: str) -> str:
    """The text of a file that `init` copies."""
    return (files("llmstack.commands.init") / "files" / name).read_text(encoding="utf-8")


def github(action: str | None, within: str | None) -> dict[str, str]:
    """The workflow, by path. It names `action` (`OWNER/REPOSITORY@COMMIT`), else a copy of it beside the workflow.

    `within` is the folder of the repository where values/ is, None for its top.
    """
    folder = within or "."
    if action is not None:
        return {WORKFLOW: _told(template("overlays.yml").replace("OWNER/REPOSITORY@COMMIT", action), folder)}
    text = template("overlays-copied.yml")
    if within is not None:
        text = text.replace(f"./{ACTION}", _shown(f"./{within}/{ACTION}"))
        sparse = "sparse-checkout: "
        text = text.replace(f"{sparse}.github/actions\n", f"{sparse}{_shown(f'{within}/.github/actions')}\n")
    return {WORKFLOW: _told(text, folder), f"{ACTION}/action.yml": template("action.yml")}


def gitlab(action: str | None, within: str | None) -> dict[str, str]:
    """GitLab's jobs, by path; they are to run where values/ is."""
    return {".gitlab-ci.yml": template("gitlab-ci.yml")}


def _told(text: str, folder: str) -> str:
    return text.replace("directory: .\n", f"directory: {_shown(folder)}\n")


def _shown(path: str) -> str:
    """A path as YAML; one that is not plain in quotes, as JSON has them."""
    return path if _PLAIN.fullmatch(path) else json.dumps(path, ensure_ascii=False)


FORGES: Mapping[str, Callable[[str | None, str | None], dict[str, str]]] = {"github": github, "gitlab": gitlab}
"""By forge: the files of its CI, given the action of the llmstack that runs and the folder within the repository."""
