"""Somebody else can read the secrets, or gives them to the cluster.

Why it matters: a secret that is encrypted for one more key can be read by whoever holds that key, from Git and for
ever; a store or a certificate of another name decides which values reach the pods.

How it is judged: `gitops.secrets` names an age recipient or a store after the change that it did not name before, or
the certificate is another one (by its fingerprint); a rule of .sops.yaml, in the root or in a folder above the secrets,
encrypts for a key that was in none, or leaves something else in plain text; an encrypted file says that a key can read
it which no file was encrypted for. An environment that is new is not judged. Its amount is the number of those that it
gains.

Fix: ask the holder of the key; where the recipient is right, acknowledge it at `Environment/<name>`. A recipient that
is taken away keeps what it could read: rotate the values.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("recipient", Severity.WARNING, unit="readers and sources")


def find(assessment: Assessment) -> Iterator[Risk]:
    """The recipients that the change adds, as one risk."""
    before, after = (facts.recipients for facts in assessment.facts)
    added = [each for each in after if each not in before]
    if before and added:
        message = f"the secrets of the environment get a reader or a source that they did not have: {', '.join(added)}"
        advice = "Ask whose it is before this is merged; what was encrypted for it stays readable for it."
        yield RISK.at(f"Environment/{assessment.near.environment}", message, advice, amount=len(added))
