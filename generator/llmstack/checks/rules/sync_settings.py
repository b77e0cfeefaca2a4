"""Flux or Argo CD is asked for without what it needs, or with what it does not know.

Their objects name the repository and live under clusters/<cluster>/: `repoURL` and `cluster` are needed, and
the URL is one that a controller can read (https://, http://, ssh://, or git@host:path for Argo CD; Flux takes
http, https and ssh URLs: GitRepository, spec.url), without a password in it. `path` is a folder of the repository.
`source: artifact` and `secretName` are Flux's alone.

Flux puts the name of a Kustomization, `<env>.models.<model>`, into a label of every object it applies
(kustomize.toolkit.fluxcd.io/name), and a label's value has 63 characters at most.

Fix: set `gitops.sync.repoURL` and `gitops.sync.cluster`, or `tool: none`; shorten the name of the environment or the
model.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.gitops import Sync

RULE = Declaration("sync-settings", Severity.ERROR, milder=Severity.WARNING)

_URLS = {
    "flux": re.compile(r"(?:https?|ssh)://\S+"),
    "argo": re.compile(r"(?:https?|ssh)://\S+|[\w.-]+@[\w.-]+:\S+"),
}
_PASSWORD = re.compile(r"\w+://[^/@]*:[^/@]+@")
_LONGEST = 63


def run(subject: Subject) -> Iterator[Problem]:
    sync = subject.stack.gitops.sync
    if sync.tool == "none":
        return
    for key, value in (("repoURL", sync.repo_url), ("cluster", sync.cluster)):
        if not value:
            message = f"sync.tool: {sync.tool} needs `{key}`"
            yield Problem(message, ("gitops", "sync", "tool"), help=f"set gitops.sync.{key}")
    yield from _repository(sync)
    if sync.tool == "argo" and sync.source == "artifact":
        message = "only Flux reads `source: artifact`"
        yield Problem(message, ("gitops", "sync", "source"), help="remove it", milder=True)
    if sync.tool == "argo" and sync.secret_name:
        message = "only Flux reads `secretName`: Argo CD finds its credentials by the repository's URL"
        yield Problem(message, ("gitops", "sync", "secretName"), help="remove it", milder=True)
    if sync.tool == "flux":
        yield from _names(subject)


def _repository(sync: Sync) -> Iterator[Problem]:
    """Where the tree is: a URL that the tool can read, and a folder in it."""
    if sync.repo_url and not _URLS[sync.tool].fullmatch(sync.repo_url):
        message = f"{sync.tool.capitalize()} cannot read the repository at this URL"
        not_so = " (not git@host:path)" if sync.tool == "flux" else ""
        help = f"write https://host/path or ssh://git@host/path{not_so}"
        yield Problem(message, ("gitops", "sync", "repoURL"), help=help, secret=True)
    elif sync.repo_url and _PASSWORD.match(sync.repo_url):
        message = "the URL contains a password, which would be committed to Git"
        help = "keep credentials in the cluster: gitops.sync.secretName for Flux, `argocd repo add` for Argo CD"
        yield Problem(message, ("gitops", "sync", "repoURL"), help=help, secret=True)
    if sync.path and posixpath.normpath(sync.path.lstrip("/")).startswith(".."):
        message = f"`{sync.path}` is not a folder of the repository"
        yield Problem(message, ("gitops", "sync", "path"), help="write it from the repository's root")


def _names(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        name = f"{subject.environment}.models.{model.name}"
        if len(name) > _LONGEST:
            message = f"Flux's name for this model, `{name}`, is longer than the {_LONGEST} characters of a label"
            yield Problem(message, (*at, "name"), help="shorten it, or the environment's name")
