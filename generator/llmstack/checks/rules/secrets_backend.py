"""A backend of secrets is chosen without what it needs.

`external-secrets` reads from a `store`, `sealed-secrets` encrypts with the controller's `certificate`, `sops`
for the recipients in `age`.

Fix: set the key that the finding names, or another `gitops.secrets.backend`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.gitops import Secrets

RULE = Declaration("secrets-backend", Severity.ERROR)

_RECIPIENT = re.compile(r"age1[0-9a-z]{10,}")
_FIELD = re.compile(r"\{([^{}]*)\}")
_FIELDS = frozenset(("env", "secret", "key"))


def run(subject: Subject) -> Iterator[Problem]:
    secrets = subject.stack.gitops.secrets
    needed = {"external-secrets": "store", "sealed-secrets": "certificate", "sops": "age"}.get(secrets.backend)
    if needed is not None and not getattr(secrets, needed):
        message = f"secrets.backend: {secrets.backend} needs `{needed}`"
        yield Problem(message, ("gitops", "secrets", "backend"), help=f"set gitops.secrets.{needed}")
    yield from _form(secrets)


def _form(secrets: Secrets) -> Iterator[Problem]:
    """What is given, in the form that the backend reads."""
    for number, recipient in enumerate(secrets.age or []):
        if not _RECIPIENT.fullmatch(recipient):
            message = (
                "this is an age private key, not a recipient"
                if recipient.startswith("AGE-SECRET-KEY")
                else "this is not an age recipient"
            )
            yield Problem(
                message, ("gitops", "secrets", "age", number), help="a recipient is the public key: age1…", secret=True
            )
    for field in _FIELD.findall(secrets.key or ""):
        if field not in _FIELDS:
            message = f"`{{{field}}}` is not replaced in `key`"
            yield Problem(message, ("gitops", "secrets", "key"), help="write only {env}, {secret} and {key} in braces")
