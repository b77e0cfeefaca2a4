"""Repositories for the tests of secrets, with keys that are made for one test and thrown away."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from llmstack import programs, yamlio
from llmstack.finding import Finding
from llmstack.repository import generation
from llmstack.repository.project import Project
from llmstack.secrets import set, sops
from llmstack.secrets.set import Stored

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODEL = {
    "name": "llama",
    "repository": "r",
    "tag": "v1",
    "modelURL": "m",
    "requestGPU": 1,
    "hf_token": {"secretName": "hf", "secretKey": "token"},
}
_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def age_key() -> tuple[str, str]:
    """An age identity and its recipient: an X25519 key pair in Bech32 (age-encryption.org/v1, "The X25519 recipient")."""
    key = X25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _bech32("age-secret-key-", secret).upper(), _bech32("age", public)


def _bech32(prefix: str, data: bytes) -> str:
    """Text as BIP 173 writes it."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    checksum = _polymod([*spread, *words, 0, 0, 0, 0, 0, 0]) ^ 1
    words += [(checksum >> 5 * (5 - at)) & 31 for at in range(6)]
    return f"{prefix}1{''.join(_ALPHABET[word] for word in words)}"


def _polymod(values: list[int]) -> int:
    generators = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ value
        for at, generator in enumerate(generators):
            found ^= generator if top >> at & 1 else 0
    return found


def repository(root: Path, **environments: dict[str, Any]) -> Project:
    """A repository in Git; each environment is its `gitops` section over one model."""
    (root / "values").mkdir(parents=True, exist_ok=True)
    if not (root / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    for name, gitops in environments.items():
        body = {"servingEngineSpec": {"modelSpec": [MODEL]}, "gitops": {"namespace": "llm", **gitops}}
        (root / "values" / f"{name}.yaml").write_text(yamlio.dump(body), encoding="utf-8")
    return Project(root)


def tool_folder() -> Path | None:
    folder = os.environ.get("LLMSTACK_TOOLS")
    return Path(folder) if folder else None


def set_secret(
    project: Project, value: str, name: str = "hf", key: str = "token", *, env: str = "prod", now: datetime = NOW
) -> Stored:
    (environment,) = project.select([env])
    findings, stored = set.set_secret(project, environment, name, key, value, now=now, tool_folder=tool_folder())
    assert stored is not None, findings
    return stored


def generate(project: Project) -> list[Finding]:
    """Generate everything; the findings."""
    planned = generation.generate(project, [])
    if planned.plan is not None:
        generation.write(project, planned.plan)
    return planned.findings


def decrypt(path: Path, identity: str) -> Any:
    """What the official sops makes of a file; fails when it cannot, or its MAC is wrong."""
    program = programs.find_tool(sops.SOPS, tool_folder())
    environment = {"PATH": os.environ["PATH"], "SOPS_AGE_KEY": identity, "HOME": str(path.parent)}
    done = subprocess.run(
        [program, "decrypt", "--output-type", "json", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
