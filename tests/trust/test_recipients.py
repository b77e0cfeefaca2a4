"""Who can read the secrets, however a change says so: values, rules of SOPS anywhere, encrypted files, certificates."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.tree.readers import readers_of_file, readers_of_rules
from tests.sync.repository import Repository, environment, new_repository

OURS, THEIRS = (f"age1{letter * 58}" for letter in "qp")
CIPHERTEXT = f"ENC[AES256_GCM,data:aGk=,iv:{'A' * 43}=,tag:{'A' * 22}==,type:str]"
FILE = "overlays/prod/secrets/a.yaml"


def encrypted(*readers: str, **keys: Any) -> str:
    """A Secret as SOPS writes it, for these age recipients and other keys."""
    block = {
        "age": [{"recipient": each, "enc": "x"} for each in readers],
        "kms": [],
        "mac": CIPHERTEXT,
        "version": "3.11.0",
    }
    metadata = {"name": "a", "namespace": "llm"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"k": CIPHERTEXT}}
    return yamlio.dump(secret | {"sops": block | keys})


def rule(**stated: Any) -> str:
    return yamlio.dump({"creation_rules": [{"age": OURS, "encrypted_regex": "^(data|stringData)$"} | stated]})


@pytest.fixture
def one(tmp_path: Path) -> Repository:
    """An environment with a secret for one reader, and another environment."""
    secrets = {"backend": "sops", "age": [OURS]}
    repository = new_repository(
        tmp_path / "repository", prod=environment(secrets=secrets), dev=environment(secrets=secrets, namespace="dev")
    )
    write(repository, {FILE: encrypted(OURS)})
    repository.llmstack("gen")
    repository.commit()
    return repository


def write(repository: Repository, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = repository.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def told(repository: Repository) -> dict[str, str]:
    """What a review says of readers, by environment."""
    found = repository.review()["envs"].items()
    return {name: each["message"] for name, review in found for each in review["risks"] if each["id"] == "recipient"}


@pytest.mark.parametrize(
    ("path", "text", "environments"),
    [
        (".sops.yaml", rule(age=THEIRS), {"dev", "prod"}),
        (".sops.yaml", rule(age=f"{OURS},{THEIRS}", path_regex="prod/"), {"prod"}),
        (".sops.yaml", rule(age=[OURS, THEIRS], path_regex="(a+)+$"), {"dev", "prod"}),
        (".sops.yaml", rule(pgp="ABCD"), {"dev", "prod"}),
        (".sops.yaml", rule(key_groups=[{"age": [OURS]}, {"age": [THEIRS]}], shamir_threshold=1), {"dev", "prod"}),
        (".sops.yaml", rule(encrypted_regex="^stringData$"), {"dev", "prod"}),
        (".sops.yaml", rule(unencrypted_suffix="_open"), {"dev", "prod"}),
        ("overlays/.sops.yaml", rule(age=THEIRS), {"dev", "prod"}),
        ("overlays/prod/.sops.yaml", rule(age=THEIRS), {"prod"}),
        ("overlays/dev/secrets/.sops.yaml", rule(age=THEIRS), {"dev"}),
        (FILE, encrypted(OURS, THEIRS), {"prod"}),
        (FILE, encrypted(OURS, kms=[{"arn": "arn:aws:kms:x", "enc": "y"}]), {"prod"}),
        (FILE, encrypted(THEIRS), {"prod"}),
        ("overlays/prod/secrets/b.yaml", encrypted(THEIRS).replace("name: a", "name: b"), {"prod"}),
    ],
)  # fmt: skip
def test_a_new_reader_is_told_where_it_reads(path: str, text: str, environments: set[str], one: Repository) -> None:
    write(one, {path: text})
    assert told(one).keys() == environments


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".sops.yaml", rule()),
        (".sops.yaml", rule(age=THEIRS, path_regex="^other/")),
        ("clusters/.sops.yaml", rule(age=THEIRS)),
        ("overlays/prod/secrets/b.yaml", encrypted(OURS).replace("name: a", "name: b")),
    ],
)
def test_what_gives_nobody_else_a_secret_is_not_told(path: str, text: str, one: Repository) -> None:
    write(one, {path: text})
    assert told(one) == {}


def test_a_reader_of_one_environment_is_none_of_another(one: Repository) -> None:
    """The rules of all environments are in one file."""
    values = environment(secrets={"backend": "sops", "age": [OURS, THEIRS]}, namespace="dev")
    one.values(dev=values)
    assert THEIRS in (one.root / ".sops.yaml").read_text()
    assert told(one).keys() == {"dev"}


def test_another_certificate_under_the_same_path_is_told(tmp_path: Path) -> None:
    secrets = {"backend": "sealed-secrets", "certificate": "keys/cluster.pem"}
    one = new_repository(tmp_path / "repository", prod=environment(secrets=secrets))
    certificate = one.root / "keys/cluster.pem"
    certificate.parent.mkdir()
    make_certificate(certificate)
    one.commit()
    text = certificate.read_text()
    certificate.write_text(f"\n{text}\n\n")
    assert told(one) == {}, "the same one, written in another way"
    make_certificate(certificate)
    assert "certificate keys/cluster.pem" in told(one)["prod"]


def make_certificate(path: Path) -> None:
    program = shutil.which("openssl")
    assert program is not None, "openssl makes certificates"
    options = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "/dev/null",
        "-subj",
        "/CN=a",
        "-out",
        str(path),
    ]
    subprocess.run([program, *options], check=True, capture_output=True)


def test_rules_that_are_none_end_no_review() -> None:
    for text in ("[", "5", "creation_rules: 5", "creation_rules: [5, {path_regex: [a], age: {a: b}}, {key_groups: 5}]"):
        assert isinstance(readers_of_rules(".sops.yaml", text, "prod", []), tuple)
    for text in ("[", "sops: 5", "sops: {age: 5, kms: [5, null], key_groups: [5]}"):
        assert isinstance(readers_of_file(text), tuple)


def test_rules_with_a_conflict_are_named_as_such() -> None:
    text = "creation_rules:\n<<<<<<< HEAD\n- {age: a}\n=======\n- {age: b}\n>>>>>>> other\n"
    assert readers_of_rules(".sops.yaml", text, "prod", []) == (".sops.yaml, which holds an unresolved merge conflict",)


def test_aliases_of_rules_are_read() -> None:
    text = f"x: &keys {THEIRS}\ncreation_rules:\n- &rule {{age: *keys}}\n- {{<<: *rule, pgp: AB}}\n"
    assert readers_of_rules(".sops.yaml", text, "prod", []) == (f"age recipient {THEIRS}", "pgp AB")
