"""Flux or Argo CD is asked for without what it needs, or with what it does not know.

Their objects name the repository and live under clusters/<cluster>/: `repoURL` and `cluster` are needed, and
the URL is one that a controller can read (https://, http://, ssh://, or git@host:path for Argo CD; Flux takes
http, https and ssh URLs: GitRepository, spec.url). `source: artifact` is Flux's alone.

Fix: set `gitops.sync.repoURL` and `gitops.sync.cluster`, or `tool: none`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY, MILDER = "sync-settings", Severity.ERROR, Severity.WARNING

_URLS = {
    "flux": re.compile(r"(?:https?|ssh)://\S+"),
    "argo": re.compile(r"(?:https?|ssh)://\S+|[\w.-]+@[\w.-]+:\S+"),
}


def run(subject: Subject) -> Iterator[Finding]:
    sync = subject.stack.gitops.sync
    if sync.tool == "none":
        return
    for key, value in (("repoURL", sync.repo_url), ("cluster", sync.cluster)):
        if not value:
            yield Finding(
                ID,
                SEVERITY,
                f"sync.tool: {sync.tool} needs `{key}`",
                ("gitops", "sync", "tool"),
                help=f"set gitops.sync.{key}",
            )
    if sync.repo_url and not _URLS[sync.tool].fullmatch(sync.repo_url):
        message = f"{sync.tool.capitalize()} cannot read the repository at this URL"
        help = "write https://host/path or ssh://git@host/path" + (
            " (not git@host:path)" if sync.tool == "flux" else ""
        )
        yield Finding(ID, SEVERITY, message, ("gitops", "sync", "repoURL"), help=help, secret=True)
    if sync.tool == "argo" and sync.source == "artifact":
        yield Finding(
            ID,
            MILDER,
            "`source: artifact` is read by Flux alone",
            ("gitops", "sync", "source"),
            help="remove it",
        )
