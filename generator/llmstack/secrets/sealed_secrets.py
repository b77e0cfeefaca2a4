"""Sealed Secrets: a value encrypted so that only the cluster's controller can read it.

The format is that of kubeseal (bitnami-labs/sealed-secrets, docs/developer/crypto.md and pkg/crypto/crypto.go): an AES
key of 32 random bytes, encrypted with RSA-OAEP (SHA-256) for the controller's certificate; its length in two bytes, big
end first; then the value under AES-256-GCM with that key and a nonce of zeros, which is safe for a key that is used
once. The label of the strict scope, `namespace/name`, binds the value to one Secret.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import TYPE_CHECKING

from llmstack.errors import UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

NONCE = bytes(12)


@dataclass(frozen=True)
class Certificate:
    """The controller's public key, and the certificate's fingerprint (SHA-256, hexadecimal)."""

    key: RSAPublicKey
    fingerprint: str


def read_certificate(path: str, content: bytes, now: datetime) -> Certificate:
    """The certificate in a PEM file, which `kubeseal --fetch-cert` prints.

    Raises UsageError for what is none, has no RSA key or has expired, as kubeseal does.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        certificate = x509.load_pem_x509_certificate(content)
        key = certificate.public_key()
    except ValueError as error:
        raise UsageError(
            f"{path} is not a certificate in PEM: `kubeseal --fetch-cert` prints the controller's"
        ) from error
    if not isinstance(key, RSAPublicKey):
        raise UsageError(f"{path} has no RSA key: `kubeseal --fetch-cert` prints the controller's certificate")
    if certificate.not_valid_after_utc < now:
        expired = certificate.not_valid_after_utc.date()
        raise UsageError(f"{path} expired on {expired}: `kubeseal --fetch-cert` prints the certificate in use")
    return Certificate(key, certificate.fingerprint(SHA256()).hex())


def seal(certificate: Certificate, namespace: str, name: str, value: str) -> str:
    """The sealed value in base64, for one key of the Secret `namespace/name`. Different each time."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256

    session = token_bytes(32)
    label = f"{namespace}/{name}".encode()
    wrapped = certificate.key.encrypt(session, OAEP(MGF1(SHA256()), SHA256(), label))
    sealed = len(wrapped).to_bytes(2, "big") + wrapped + AESGCM(session).encrypt(NONCE, value.encode(), None)
    return base64.b64encode(sealed).decode("ascii")
