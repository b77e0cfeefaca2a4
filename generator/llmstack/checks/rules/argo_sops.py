"""Argo CD is to sync what SOPS has encrypted.

Argo CD does not decrypt manifests ("Secret Management", Argo CD documentation: it has no support of its own,
and advises against plugins that do it while rendering): the encrypted Secret would be applied as it is, or
refused.

Fix: use `gitops.secrets.backend: external-secrets` or `sealed-secrets` with Argo CD, or Flux with SOPS.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("argo-sops", Severity.ERROR)


def run(subject: Subject) -> Iterator[Problem]:
    gitops = subject.stack.gitops
    if gitops.sync.tool == "argo" and gitops.secrets.backend == "sops":
        help = "use external-secrets or sealed-secrets with Argo CD, or sync.tool: flux"
        yield Problem("Argo CD cannot decrypt what SOPS encrypts", ("gitops", "secrets", "backend"), help=help)
