"""A reference to a key of a Kubernetes Secret; a secret in plain text is a finding of its own."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from llmstack.model.types import DnsName, Section, Text


class SecretReference(Section):
    """Which key of which Secret holds the value."""

    secret_name: DnsName | None = Field(None, description="Name of the existing Secret; empty means unset.")
    secret_key: Text | None = Field(None, description="Key within the Secret.")

    @property
    def is_set(self) -> bool:
        return bool(self.secret_name)


def _no_empty_text(value: object) -> object:
    return None if value == "" else value


SecretValue = Annotated[SecretReference | str | None, BeforeValidator(_no_empty_text)]
"""`{secretName, secretKey}`; the type admits a string so that the check `plaintext-secret` can speak of it."""


def reference(value: SecretReference | str | None) -> SecretReference | None:
    """The reference that is set, else None. Plain text never reaches an object."""
    return value if isinstance(value, SecretReference) and value.is_set else None


def create_command(name: str, key: str, namespace: str) -> str:
    """The line of shell that makes a Secret of what is typed: shown nowhere, not in the shell's history, and not
    among the arguments of processes."""
    read = 'read -rs VALUE && printf %s "$VALUE"'
    return f"{read} | kubectl create secret generic {name} --namespace {namespace} --from-file={key}=/dev/stdin"
