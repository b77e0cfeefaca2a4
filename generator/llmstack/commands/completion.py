"""What a shell completes: environments, models, ids and keys, each looked up when it is asked for and not before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from llmstack.commands import output


def environments(incomplete: str) -> list[str]:
    """The names of the repository's environments."""
    return _beginning(_names(), incomplete)


def models(incomplete: str) -> list[str]:
    """The names of its models, of all environments."""
    return _beginning(_models(), incomplete)


def revisions(incomplete: str) -> list[str]:
    """Branches and tags, those of remotes too."""
    from llmstack.git.process import find_repository, run_git

    asked = ["for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads", "refs/tags", "refs/remotes"]
    try:
        repository = find_repository(output.find_project(None).root)
        refs = ["HEAD", *run_git(repository, asked).decode().split()] if repository is not None else []
    except Exception:  # a shell that completes has nowhere to show an error
        return []
    return _beginning(refs, incomplete)


def gone(incomplete: str) -> list[str]:
    """Environments that have a tree and no values file any more."""
    from llmstack.repository.units import generated_environments

    there = generated_environments(output.find_project(None).disk)
    return _beginning(set(there) - set(_names()), incomplete)


def topics(incomplete: str) -> list[str]:
    """What `explain` knows: checks, risks, words of a review, and the keys of the values."""
    from llmstack.checks import CHECKS
    from llmstack.model.keys import all_keys
    from llmstack.report.glossary import TERMS
    from llmstack.review.risks.table import RISKS

    return _beginning((*CHECKS, *RISKS, *TERMS, *(key.path for key in all_keys())), incomplete)


def cards(incomplete: str) -> list[str]:
    """The cards that `fit` knows."""
    from llmstack.engine.cards import CARDS

    return _beginning(CARDS, incomplete)


def commands(context: typer.Context, incomplete: str) -> list[str]:
    """The commands that `help` explains."""
    program: Any = context.find_root().command
    return _beginning(program.commands, incomplete)


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    return sorted({word for word in words if word.startswith(incomplete)})


def _names() -> list[str]:
    from llmstack.repository.environments import list_environments

    try:
        return [each.name for each in list_environments(output.find_project(None).disk)]
    except Exception:  # a shell that completes has nowhere to show an error
        return []


def _models() -> Iterator[str]:
    """The names in the values files, as far as they can be read: what is being edited may have errors."""
    from llmstack.kubernetes.pods import value_at
    from llmstack.repository.root import VALUES
    from llmstack.values.source import read_source

    folder = Path(output.find_project(None).root, VALUES)
    for path in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
        try:
            listed = value_at(read_source(path.name, path.read_bytes()).data, "servingEngineSpec", "modelSpec")
        except OSError:
            continue
        for model in listed if isinstance(listed, list) else ():
            if isinstance(model, dict) and isinstance(model.get("name"), str):
                yield str(model["name"])
