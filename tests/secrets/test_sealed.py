"""`secret set` with Sealed Secrets: the controller's private key opens what is written, for one Secret alone."""

from __future__ import annotations

import base64
import contextlib
import random
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from llmstack import yamlio
from llmstack.commands.secret import show_stored
from llmstack.errors import UsageError
from llmstack.repository.validation import validate
from llmstack.secrets.sealed_secrets import read_certificate, seal
from tests.secrets.support import NOW, generate, repository, set_secret, tool_folder

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SEALED = {"secrets": {"backend": "sealed-secrets", "certificate": "cert.pem"}}
PATH = "overlays/prod/secrets/hf.yaml"


def write_certificate(root: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY, days: int = 365) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sealed-secret")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.not_valid_before(NOW - timedelta(days=400)).not_valid_after(NOW + timedelta(days=days))
    certificate = dated.serial_number(x509.random_serial_number()).sign(key, SHA256())
    root.mkdir(exist_ok=True)
    (root / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def _read(root: Path, path: str = PATH) -> Any:
    return yamlio.load((root / path).read_text(encoding="utf-8"))


def _open(sealed: str, label: str) -> str:
    """What the controller does (sealed-secrets, pkg/crypto/crypto.go, HybridDecrypt)."""
    data = base64.b64decode(sealed, validate=True)
    length = int.from_bytes(data[:2], "big")
    session = KEY.decrypt(data[2 : 2 + length], OAEP(MGF1(SHA256()), SHA256(), label.encode()))
    return AESGCM(session).decrypt(bytes(12), data[2 + length :], None).decode()


@pytest.mark.parametrize(
    "value", ["hunter2", "two\nlines\n", "ü", "x" * 100_000], ids=["word", "lines", "accent", "long"]
)
def test_the_controller_opens_what_is_written(value: str, tmp_path: Path) -> None:
    write_certificate(tmp_path)
    set_secret(repository(tmp_path, prod=SEALED), value)
    manifest = _read(tmp_path)
    assert manifest["kind"] == "SealedSecret"
    assert manifest["metadata"] == manifest["spec"]["template"]["metadata"] == {"name": "hf", "namespace": "llm"}
    sealed = manifest["spec"]["encryptedData"]["token"]
    assert _open(sealed, "llm/hf") == value
    for label in ("llm/other", "other/hf", ""):
        with pytest.raises((ValueError, InvalidTag)):
            _open(sealed, label)


def test_a_value_that_is_there_is_not_sealed_again(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    project = repository(tmp_path, prod=SEALED)
    set_secret(project, "one")
    before = (tmp_path / PATH).read_bytes()
    assert not set_secret(project, "one").written
    assert (tmp_path / PATH).read_bytes() == before
    assert set_secret(project, "two").written
    assert _open(_read(tmp_path)["spec"]["encryptedData"]["token"], "llm/hf") == "two"


def test_a_new_certificate_seals_again(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    project = repository(tmp_path, prod=SEALED)
    set_secret(project, "one")
    write_certificate(tmp_path, days=700)
    assert set_secret(project, "one").written


def test_a_file_that_changed_since_is_not_taken_for_what_was_sealed(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    project = repository(tmp_path, prod=SEALED)
    set_secret(project, "one")
    first = (tmp_path / PATH).read_bytes()
    set_secret(project, "two")
    (tmp_path / PATH).write_bytes(first)
    assert set_secret(project, "two").written
    assert _open(_read(tmp_path)["spec"]["encryptedData"]["token"], "llm/hf") == "two"


def test_a_second_key_needs_no_private_key_and_leaves_the_first(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    project = repository(tmp_path, prod=SEALED)
    set_secret(project, "one")
    before = _read(tmp_path)["spec"]["encryptedData"]
    set_secret(project, "two", key="second")
    after = _read(tmp_path)["spec"]["encryptedData"]
    assert after["token"] == before["token"]
    assert _open(after["second"], "llm/hf") == "two"


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_what_is_sealed_is_no_secret_and_what_stands_beside_it_is(bits: int, tmp_path: Path) -> None:
    write_certificate(tmp_path, rsa.generate_private_key(65537, bits))
    project = repository(tmp_path, prod=SEALED)
    set_secret(project, "hunter2", key="password")
    assert "plaintext-secret" not in {each.id for each in generate(project)}
    text = (tmp_path / PATH).read_text(encoding="utf-8")
    assert text.count("  template:\n") == 1
    changed = text.replace("  template:\n", "  template:\n    data: {config: 'password: hunter2'}\n")
    (tmp_path / PATH).write_text(changed, encoding="utf-8")
    told = [each.place for each in generate(project) if each.id == "plaintext-secret"]
    line = changed[: changed.index("hunter2")].count("\n") + 1
    assert [(place.path, place.line) for place in told if place] == [(PATH, line)]


def test_the_unit_is_built_with_the_environment_and_valid(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    sync = {"sync": {"tool": "argo", "cluster": "eu", "repoURL": "https://host/x"}}
    project = repository(tmp_path, prod=SEALED | sync)
    set_secret(project, "one")
    generate(project)
    assert "secrets" in _read(tmp_path, "overlays/prod/kustomization.yaml")["resources"]
    found = validate(project, project.select(["prod"]), tool_folder()).findings
    assert not [each for each in found if each.severity == "error"]
    application = _read(tmp_path, "clusters/eu/prod/secrets.yaml")
    assert application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"] == "-1"


def test_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SEALED)
    with pytest.raises(UsageError, match="cannot be read"):
        set_secret(project, "x")
    (tmp_path / "cert.pem").write_text("no certificate\n", encoding="utf-8")
    with pytest.raises(UsageError, match="not a certificate in PEM"):
        set_secret(project, "x")
    write_certificate(tmp_path)
    one = (tmp_path / "cert.pem").read_text(encoding="utf-8")
    (tmp_path / "cert.pem").write_text(f"<<<<<<< main\n{one}=======\n{one}>>>>>>> new\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"unresolved merge conflict \(line 1\)"):
        set_secret(project, "x")
    write_certificate(tmp_path, days=-1)
    with pytest.raises(UsageError, match="expired on 2026-05-31"):
        set_secret(project, "x")
    write_certificate(tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(UsageError, match="no RSA key"):
        set_secret(project, "x")


def test_a_key_that_is_weak_is_refused(tmp_path: Path) -> None:
    """What is sealed is in Git for good: a key that can be broken gives all of it away."""
    project = repository(tmp_path, prod=SEALED)
    write_certificate(tmp_path, key=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    with pytest.raises(UsageError, match="an RSA key of 1024 bits, not 2048 to 16384"):
        set_secret(project, "x")
    write_certificate(tmp_path, key=rsa.generate_private_key(public_exponent=3, key_size=2048))
    with pytest.raises(UsageError, match="public exponent is not safe"):
        set_secret(project, "x")
    assert not (tmp_path / PATH).exists()


def test_the_fingerprint_is_that_of_openssl(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    command = ["openssl", "x509", "-in", str(tmp_path / "cert.pem"), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    stored = set_secret(repository(tmp_path, prod=SEALED), "x")
    assert said.strip().rpartition("=")[2] == stored.certificate
    assert f"fingerprint {stored.certificate}\n" in show_stored(stored, "prod", "hf", "token")[1]


def test_of_a_chain_the_first_certificate_counts(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    own = (tmp_path / "cert.pem").read_bytes()
    write_certificate(tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    (tmp_path / "cert.pem").write_bytes(own + (tmp_path / "cert.pem").read_bytes())
    set_secret(repository(tmp_path, prod=SEALED), "x")
    assert _open(_read(tmp_path)["spec"]["encryptedData"]["token"], "llm/hf") == "x"


def _spoiled(good: bytes, draw: random.Random) -> bytes:
    """A certificate that somebody has been at: bytes of the PEM or of the DER inside changed, cut, doubled."""
    der = bytearray(base64.b64decode(b"".join(good.split(b"\n")[1:-2])))
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(der))
        match draw.randrange(4):
            case 0:
                der[at] = draw.randrange(256)
            case 1:
                del der[at:]
                der += bytes(8)
            case 2:
                der[at:at] = der[at : at + draw.randint(1, 40)]
            case 3:
                der[at] ^= 1 << draw.randrange(8)
    text = base64.encodebytes(bytes(der))
    made = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    return draw.choice(
        [made, made, bytes(der), made[: draw.randrange(len(made))], made.replace(b"\n", b"\r\n"), made + made]
    )


def test_a_certificate_of_any_bytes_is_read_or_refused(tmp_path: Path) -> None:
    """2,000 spoiled certificates and some that are none: each is one that can be sealed for, or a UsageError."""
    write_certificate(tmp_path)
    good = (tmp_path / "cert.pem").read_bytes()
    draw = random.Random(15)
    texts = [_spoiled(good, draw) for _ in range(2_000)]
    texts += [b"", b"\0" * 4096, b"-----BEGIN CERTIFICATE-----\n" * 50_000, b"A" * (1 << 20), "ü".encode("utf-16")]
    read = 0
    for text in texts:
        with contextlib.suppress(UsageError):
            assert seal(read_certificate("cert.pem", text, NOW), "llm", "hf", "x")
            read += 1
    assert 0 < read < len(texts) - 500
