"""Which environments a comparison touches otherwise than by their units: by values, by sync, by facts."""

from __future__ import annotations

from posixpath import dirname

from llmstack.facts.cluster_file import file_path
from llmstack.model.reading import read_stack
from llmstack.repository.cluster_facts import cluster_of
from llmstack.repository.clusters import synced_environments
from llmstack.repository.comparison import Comparison
from llmstack.repository.environments import find_base, list_environments, read_base, read_values
from llmstack.repository.model_facts import ROOT, facts_paths
from llmstack.repository.recipients import read_recipients
from llmstack.repository.snapshot import Snapshot
from llmstack.tree.readers import rule_paths
from llmstack.tree.units import SOPS_RULES, secrets_folder

_CERTIFICATE = "certificate"
"""What the values of an environment hold that encrypts for one."""


def touched_environments(comparison: Comparison) -> set[str]:
    """Environments whose values, sync, facts or readers of secrets differ."""
    return _valued(comparison) | synced_environments(comparison) | _informed(comparison) | _read_by_others(comparison)


def is_generated(side: Snapshot, environment: str) -> bool:
    """Whether the tree of an environment is there."""
    return side.read(f"overlays/{environment}/kustomization.yaml") is not None


def _valued(comparison: Comparison) -> set[str]:
    """Environments whose values changed, generated or not; all that there are where values/base.yaml did."""
    everywhere = find_base(comparison.after) in comparison.changed
    return {each.name for each in list_environments(comparison.after) if everywhere or each.path in comparison.changed}


def _read_by_others(comparison: Comparison) -> set[str]:
    """Environments of whose secrets a file differs, or a rule of SOPS that may be theirs, or the certificate."""
    before, after = comparison.before, comparison.after
    changed = {path for path in comparison.changed if path.endswith(SOPS_RULES)}
    encrypted = {dirname(path) for path in comparison.changed}
    base, below = read_base(after), find_base(after)
    found = set()
    for environment in list_environments(after):
        name, layers = environment.name, (environment.path, below)
        if secrets_folder(name) in encrypted or changed.intersection(rule_paths(name)):
            found.add(name)
        elif any(_CERTIFICATE in (after.read(layer) or "") for layer in layers if layer is not None):
            stack = read_stack(read_values(after, environment, base))[1]
            if read_recipients(before, name, stack) != read_recipients(after, name, stack):
                found.add(name)
    return found


def _informed(comparison: Comparison) -> set[str]:
    """Generated environments of whose cluster, or of one of whose models, the facts differ."""
    changed = {path for path in comparison.changed if path.startswith(f"{ROOT}/")}
    if not changed:
        return set()
    after, base = comparison.after, read_base(comparison.after)
    found = set()
    for environment in list_environments(after):
        stack = read_stack(read_values(after, environment, base))[1] if is_generated(after, environment.name) else None
        if stack is not None:
            own = {f"{ROOT}/{path}" for path in facts_paths(stack.models)}
            if changed & {file_path(cluster_of(stack, environment.name)), *own}:
                found.add(environment.name)
    return found
