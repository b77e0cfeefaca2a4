"""Sealed Secrets: a value encrypted so that only the cluster's controller can read it.

The format is that of kubeseal (bitnami-labs/sealed-secrets, docs/developer/crypto.md and pkg/crypto/crypto.go): an AES
key of 32 random bytes, encrypted with RSA-OAEP (SHA-256) for the controller's certificate; its length in two bytes, big
end first; then the value under AES-256-GCM with that key and a nonce of zeros, which is safe for a key that is used
once. The label of the strict scope, `namespace/name`, binds the value to one Secret.
"""

from __future__ import annotations

import base64
from datetime import datetime
from secrets import token_bytes
from typing import TYPE_CHECKING

from msgspec import Struct

from llmstack.errors import UsageError
from llmstack.yamlio.conflict import CHOOSE, UNRESOLVED, find_conflict

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

NONCE = bytes(12)


LEAST_BITS, MOST_BITS = 2048, 16384
"""How long an RSA key is: below, it is no longer held to be safe (NIST SP 800-131A, revision 2, table 5: 112 bits of
strength); above, OpenSSL does not encrypt (OPENSSL_RSA_MAX_MODULUS_BITS in openssl/rsa.h)."""
EXPONENTS = range(2**16 + 1, 2**256, 2)
"""Which public exponents are safe (FIPS 186-5, section 5.1). With 1, what is sealed is the session key itself."""
_ADVICE = "`kubeseal --fetch-cert` prints the controller's"


class Certificate(Struct, frozen=True):
    """The controller's public key, and the certificate's fingerprint: SHA-256, as `openssl x509 -fingerprint -sha256`
    writes it."""

    key: RSAPublicKey
    fingerprint: str


def read_certificate(path: str, content: bytes, now: datetime) -> Certificate:
    """The certificate in a PEM file, which `kubeseal --fetch-cert` prints; the first where there are several.

    Raises UsageError for what is none, or two in conflict, has expired (as kubeseal does), or has a key that is no RSA
    key or a weak one.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.hashes import SHA256

    line = find_conflict(content.decode("ascii", "replace"))
    if line is not None:  # of two certificates the first would be taken
        raise UsageError(f"{path}: {UNRESOLVED} (line {line + 1}): {CHOOSE}")
    try:
        certificate = x509.load_pem_x509_certificate(content)
        key, ends = certificate.public_key(), certificate.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise UsageError(f"{path} is not a certificate in PEM: {_ADVICE}") from error
    if ends < now:
        raise UsageError(f"{path} expired on {ends.date()}: `kubeseal --fetch-cert` prints the certificate in use")
    return Certificate(_strong(path, key), certificate.fingerprint(SHA256()).hex(":").upper())


def _strong(path: str, key: object) -> RSAPublicKey:
    """The key of a certificate, if what is encrypted for it can be read by its owner alone; else UsageError."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if not isinstance(key, RSAPublicKey):
        raise UsageError(f"{path} has no RSA key: {_ADVICE} certificate")
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise UsageError(f"{path} has an RSA key of {key.key_size} bits, not {LEAST_BITS} to {MOST_BITS}: {_ADVICE}")
    if key.public_numbers().e not in EXPONENTS:
        raise UsageError(f"{path} has an RSA key whose public exponent is not safe: {_ADVICE}")
    return key


def seal(certificate: Certificate, namespace: str, name: str, value: str) -> str:
    """The sealed value in base64, for one key of the Secret `namespace/name`. Different each time.

    Raises UsageError for a key that nothing can be encrypted for: one that looks like an RSA key, and is none.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256

    session = token_bytes(32)
    label = f"{namespace}/{name}".encode()
    try:
        wrapped = certificate.key.encrypt(session, OAEP(MGF1(SHA256()), SHA256(), label))
    except ValueError as error:
        raise UsageError(f"nothing can be encrypted for the certificate's key: {_ADVICE} certificate") from error
    sealed = len(wrapped).to_bytes(2, "big") + wrapped + AESGCM(session).encrypt(NONCE, value.encode(), None)
    return base64.b64encode(sealed).decode("ascii")
