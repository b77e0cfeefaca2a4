""".sops.yaml: for whom `sops` encrypts the Secrets of each environment (getsops.io, "Config file").

`llmstack secret set` does not read it; people who run `sops edit` or `sops updatekeys` do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from llmstack import yamlio
from llmstack.tree.secrets import ENCRYPTED
from llmstack.tree.unit import Files
from llmstack.tree.units import SOPS_RULES, secrets_folder


def sops_rules(
    recipients: Mapping[str, Sequence[str] | None], existing: str | None, environments: Collection[str], header: str
) -> Files:
    """The file, with a rule for each environment that encrypts with SOPS; nothing when there is none.

    `recipients` are those of the environments of this run (None: another backend). Other `environments` keep the rule
    that `existing`, the file as it stands, has for them.
    """
    kept = _rules(existing)
    rules = []
    for environment in sorted(environments):
        if environment in recipients:
            stated = recipients[environment]
            if stated:
                rules.append(_rule(environment, stated))
        elif _path(environment) in kept:
            rules.append(kept[_path(environment)])
    return {SOPS_RULES: header + yamlio.dump({"creation_rules": rules})} if rules else {}


def _rule(environment: str, recipients: Sequence[str]) -> dict[str, Any]:
    return {
        "path_regex": _path(environment),
        "encrypted_regex": ENCRYPTED,
        "age": ",".join(sorted(recipients)),
    }


def _path(environment: str) -> str:
    """The expression for an environment's files; sops matches it within a path relative to .sops.yaml."""
    return rf"^{re.escape(secrets_folder(environment))}/[^/]+\.ya?ml$".replace("\\-", "-")


def _rules(existing: str | None) -> dict[str, Any]:
    if existing is None:
        return {}
    try:
        body = yamlio.load(existing)
    except yamlio.YAMLError:
        return {}
    rules = body.get("creation_rules") if isinstance(body, dict) else None
    found = [rule for rule in rules if _is_rule(rule)] if isinstance(rules, list) else []
    return {rule["path_regex"]: rule for rule in found}


def _is_rule(rule: Any) -> bool:
    """Whether a rule is of the form that we write: text by name. What else somebody wrote there is not kept."""
    return (
        isinstance(rule, dict)
        and "path_regex" in rule
        and all(isinstance(part, str) for entry in rule.items() for part in entry)
    )
