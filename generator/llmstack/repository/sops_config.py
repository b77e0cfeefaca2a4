""".sops.yaml in the root, which all environments share: renewed for those of a run, and only where it is ours."""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.disk.ownership import header, is_ours
from llmstack.finding import Finding, Place, Severity
from llmstack.model.stack import Stack
from llmstack.repository.environments import list_environments
from llmstack.repository.snapshot import Snapshot
from llmstack.tree.sops_rules import sops_rules
from llmstack.tree.unit import Files
from llmstack.tree.units import SOPS_RULES
from llmstack.values.encoding import unresolved


def renew_rules(snapshot: Snapshot, stacks: Mapping[str, Stack]) -> tuple[Files, list[Finding]]:
    """The file with the rules of these environments; a note instead where the file is somebody's own."""
    secrets = {name: stack.gitops.secrets for name, stack in stacks.items()}
    recipients = {name: stated.age if stated.backend == "sops" else None for name, stated in secrets.items()}
    existing = snapshot.read_bytes(SOPS_RULES)
    ours = existing is None or is_ours(existing)
    text = existing.decode("utf-8", "replace") if existing is not None and ours else None
    known = [environment.name for environment in list_environments(snapshot)]
    files = sops_rules(recipients, text, known, header("values/"))
    if ours or existing is None or not files:
        return files, []
    if (conflict := unresolved(SOPS_RULES, existing.decode("utf-8", "replace"))) is not None:
        return {}, [conflict]
    message = f"{SOPS_RULES} was not written by llmstack: it writes no rules into it"
    help = "`llmstack secret set` does not need it; for `sops edit`, give it a rule for overlays/<env>/secrets/"
    return {}, [Finding("foreign-sops-rules", Severity.NOTE, message, place=Place(SOPS_RULES), help=help)]
