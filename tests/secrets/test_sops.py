"""`secret set` with SOPS: what it writes is read by the official sops, and nothing else ever sees the value."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from pathlib import Path

import pytest

from llmstack import programs, yamlio
from llmstack.errors import RefusedError, UsageError
from llmstack.report.review_text import render
from llmstack.repository import generation
from llmstack.repository.comparison import open_comparison
from llmstack.repository.reviewed import make_review
from llmstack.repository.validation import validate
from llmstack.secrecy.files import find_lines
from llmstack.secrets import sops
from tests import forks
from tests.secrets.support import age_key, decrypt, generate, repository, set_secret, tool_folder

IDENTITY, RECIPIENT = age_key()
SOPS = {"secrets": {"backend": "sops", "age": [RECIPIENT]}}
FLUX = {"sync": {"tool": "flux", "cluster": "eu", "repoURL": "https://host/x"}}
PATH = "overlays/prod/secrets/hf.yaml"
VALUES = (
    "hunter2",
    "1e3",
    "08",
    "null",
    "quo\"te's: # {}",
    "two\nlines\n",
    " lead and trail ",
    "ü ☃ \u2028",
    "$(X) ${Y}",
)


@pytest.mark.parametrize("value", VALUES, ids=ascii)
def test_sops_reads_exactly_what_was_set(value: str, tmp_path: Path) -> None:
    stored = set_secret(repository(tmp_path, prod=SOPS), value)
    assert (stored.path, stored.written, stored.is_new, stored.is_read) == (PATH, True, True, True)
    secret = decrypt(tmp_path / PATH, IDENTITY)
    assert secret["stringData"] == {"token": value}
    assert secret["metadata"] == {"name": "hf", "namespace": "llm"}
    assert secret["type"] == "Opaque"


def test_nothing_of_the_value_is_left_in_the_folder(tmp_path: Path) -> None:
    set_secret(repository(tmp_path, prod=SOPS), "hunter2-in-plain-text")
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"hunter2-in-plain" not in file.read_bytes(), file


def test_a_value_that_is_there_is_not_encrypted_again_without_any_key(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "one")
    before = (tmp_path / PATH).read_bytes()
    assert not set_secret(project, "one").written
    assert (tmp_path / PATH).read_bytes() == before
    assert set_secret(project, "two").written
    assert set_secret(project, "one").written
    assert decrypt(tmp_path / PATH, IDENTITY)["stringData"] == {"token": "one"}


def test_with_a_key_it_is_known_in_a_fresh_clone_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_secret(repository(tmp_path / "one", prod=SOPS), "same")
    copy = repository(tmp_path / "two", prod=SOPS)
    (copy.root / PATH).parent.mkdir(parents=True)
    (copy.root / PATH).write_bytes((tmp_path / "one" / PATH).read_bytes())
    monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
    assert not set_secret(copy, "same").written
    assert set_secret(copy, "other").written


def test_a_second_key_leaves_the_first_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "one")
    before = yamlio.load((tmp_path / PATH).read_text(encoding="utf-8"))
    with pytest.raises(programs.ToolError, match="SOPS_AGE_KEY_FILE"):
        set_secret(project, "two", key="second")
    assert yamlio.load((tmp_path / PATH).read_text(encoding="utf-8")) == before
    monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
    assert set_secret(project, "two", key="second").written
    after = yamlio.load((tmp_path / PATH).read_text(encoding="utf-8"))
    assert after["stringData"]["token"] == before["stringData"]["token"]
    assert decrypt(tmp_path / PATH, IDENTITY)["stringData"] == {"token": "one", "second": "two"}


def test_other_recipients_are_encrypted_for(tmp_path: Path) -> None:
    set_secret(repository(tmp_path, prod=SOPS), "one")
    identity, recipient = age_key()
    project = repository(tmp_path, prod={"secrets": {"backend": "sops", "age": [recipient, RECIPIENT]}})
    assert set_secret(project, "one").written
    assert decrypt(tmp_path / PATH, identity)["stringData"] == {"token": "one"}


def test_the_value_is_no_argument_nor_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """sops is called through a script that writes down what a process list would show."""
    real = programs.find_tool(sops.SOPS, tool_folder())
    spy, log = tmp_path / "tools" / "sops", tmp_path / "log"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} >> {log}\nexec {real} "$@"\n', encoding="utf-8")
    spy.chmod(0o755)
    monkeypatch.setenv("LLMSTACK_TOOLS", str(spy.parent))
    monkeypatch.setenv("SOPS_AGE_KEY", IDENTITY)
    project = repository(tmp_path / "repository", prod=SOPS)
    for value, key in (("hunter2", "token"), ("hunter2", "token"), ("hunter3", "second")):
        set_secret(project, value, key=key)
    seen = log.read_text(encoding="utf-8")
    assert "encrypt" in seen
    assert "set --value-stdin" in seen
    assert "hunter" not in seen


def test_the_command_says_nothing_of_the_value(tmp_path: Path) -> None:
    project = repository(tmp_path, prod={"secrets": {"backend": "sops", "age": ["age1" + "q" * 58]}})
    command = forks.command("-C", str(project.root), "secret", "set", "prod", "hf", "token")
    done = subprocess.run(command, input="hunter2\n", capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 5
    assert "hunter2" not in done.stdout + done.stderr
    assert not (tmp_path / PATH).exists()


def test_the_unit_lists_what_is_there_and_only_it_is_decrypted(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS | FLUX)
    assert "missing-secret" in {finding.id for finding in generate(project)}
    assert not (tmp_path / "overlays/prod/secrets/kustomization.yaml").exists()
    assert "to be encrypted" in (tmp_path / "overlays/prod/REQUIREMENTS.md").read_text(encoding="utf-8")
    set_secret(project, "one")
    set_secret(project, "two", name="registry", key=".dockerconfigjson")
    assert "missing-secret" not in {finding.id for finding in generate(project)}
    read = {
        path.name: yamlio.load(path.read_text(encoding="utf-8"))
        for path in (tmp_path / "overlays/prod/secrets").iterdir()
    }
    assert read["kustomization.yaml"]["resources"] == ["hf.yaml", "registry.yaml"]
    assert read["registry.yaml"]["type"] == "kubernetes.io/dockerconfigjson"
    aggregate = yamlio.load((tmp_path / "overlays/prod/kustomization.yaml").read_text(encoding="utf-8"))
    assert "secrets" not in aggregate["resources"]
    synced = {
        path.stem: yamlio.load(path.read_text(encoding="utf-8"))
        for path in (tmp_path / "clusters/eu/prod").rglob("*.yaml")
    }
    decrypting = [name for name, each in synced.items() if "decryption" in each.get("spec", {})]
    assert decrypting == ["secrets"]
    waiting = {
        name: [one["name"] for one in each.get("spec", {}).get("dependsOn", ())] for name, each in synced.items()
    }
    assert "prod.secrets" in waiting["llama"]
    assert "prod.secrets" in waiting["router"]
    assert "encrypted in secrets/" in (tmp_path / "overlays/prod/REQUIREMENTS.md").read_text(encoding="utf-8")


def test_encrypted_manifests_pass_validation_without_a_key_and_hide_nothing_else(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS | FLUX)
    set_secret(project, "one")
    generate(project)
    environments = project.select(["prod"])
    assert "invalid-object" not in {each.id for each in validate(project, environments, tool_folder()).findings}
    text = (tmp_path / PATH).read_text(encoding="utf-8")
    for old, new, wrong in (
        ("kind: Secret\n", "kind: Secret\nspec: {}\n", "additional properties 'spec' not allowed"),
        ("kind: Secret\n", "kind: Secret\nimmutable: maybe\n", "got string, want null or boolean"),
    ):
        (tmp_path / PATH).write_text(text.replace(old, new), encoding="utf-8")
        messages = [each.message for each in validate(project, environments, tool_folder()).findings]
        assert any(wrong in message for message in messages), messages


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    name: hf\n", "    name: hf\n    annotations: {example.com/note: 'password=hunter2hunter'}\n", 5),
        ("    name: hf\n", "    name: hf\n    annotations:\n        db.io/url: postgres://u:p%40ss@h\n", 6),
        ("    name: hf\n", f"    name: hf\n    labels: {{x: hf_{'a1' * 17}}}\n", 5),
        ("kind: Secret\n", "kind: Secret # hf_token: hunter2hunter\n", 2),
        ("kind: Secret\n", "kind: Secret\npassword: hunter2\n", 3),
        ("sops:\n", "sops:\n    token: hunter2\n", None),
        ("sops:\n", "sops:\n    hc_vault: [{vault_address: 'https://u:hunter2@vault', key_name: k}]\n", None),
    ],
)
def test_what_sops_leaves_plain_holds_no_secret(old: str, new: str, line: int | None, tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "x" * 1000)
    generate(project)
    text = (tmp_path / PATH).read_text(encoding="utf-8")

    def found() -> list[tuple[str, int | None]]:
        findings = validate(project, project.select(["prod"]), tool_folder()).findings
        return [(each.place.path, each.place.line) for each in findings if each.id == "plaintext-secret" and each.place]

    assert found() == []
    assert text.count(old) == 1
    changed = text.replace(old, new)
    (tmp_path / PATH).write_text(changed, encoding="utf-8")
    assert found() == [(PATH, line or changed[: changed.index("sops:\n")].count("\n") + 2)]


OTHER_KEYS = """
    kms:
        - arn: arn:aws:kms:us-east-1:656532927350:key/920aff2e-c5f1-4040-943a-047fa387b27e
          role: arn:aws:iam::927034868273:role/sops-dev
          enc: AQICAHhvFVBoE4tPZ2EzVd0vQb1Y2tUo9Y9bq9xg0AAAAH4wfAYJKoZIhvcNAQcGoG8wbQIBADBoBgkqhkiG9w0BBwEw
    gcp_kms:
        - resource_id: projects/p/locations/global/keyRings/r/cryptoKeys/k
          enc: CiQAbKcu3vbXo6JEAAAA
    azure_kv:
        - vault_url: https://sops.vault.azure.net
          name: sops-key
          version: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
    hc_vault:
        - vault_address: http://127.0.0.1:8200
          engine_path: transit
          key_name: some-key
          enc: vault:v1:qYcA9xTk2b7yM8dWZ4b1hZ6hFZ0mB1m4p
    pgp:
        - fp: 1022470DE3F0BC54BC6AB62DE05550BC07FB1A0A
          enc: |
            -----BEGIN PGP MESSAGE-----

            hQIMA0t4uZHfl9qgAQ/9HSTlYQ7
            =abcd
            -----END PGP MESSAGE-----
    unencrypted_suffix: _unencrypted
"""
"""What the block `sops` has for other keys (github.com/getsops/sops, stores/stores.go)."""


def test_keys_and_ciphertexts_are_no_secrets_in_any_style(tmp_path: Path) -> None:
    set_secret(repository(tmp_path, prod=SOPS), "x" * 1000)
    text = (tmp_path / PATH).read_text(encoding="utf-8")
    whole = text.replace("sops:\n", f"sops:{OTHER_KEYS}")
    manifest = yamlio.load(whole)
    assert list(find_lines(whole)) == []
    assert list(find_lines(json.dumps(manifest))) == []
    assert list(find_lines(json.dumps(manifest, indent=2))) == []


def test_a_plain_secret_beside_the_encrypted_ones_is_an_error(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "one")
    text = (tmp_path / PATH).read_text(encoding="utf-8")
    plain = tmp_path / "overlays/prod/secrets/plain.yaml"
    half = text.replace("stringData:\n", "stringData:\n    open: hunter2\n")
    for body in ("kind: Secret\nmetadata: {name: x}\nstringData: {a: hunter2}\n", half):
        plain.write_text(body, encoding="utf-8")
        planned = generation.generate(project, [])
        assert planned.plan is None
        found = [each for each in planned.findings if each.id == "plaintext-secret"]
        assert [str(each.place).split(":")[0] for each in found] == ["overlays/prod/secrets/plain.yaml"]
        assert "hunter2" not in str(planned.findings)


def test_manifests_are_never_pruned(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "one")
    generate(project)
    repository(tmp_path, prod={})
    generate(project)
    assert (tmp_path / PATH).exists()
    assert not (tmp_path / "overlays/prod/secrets/kustomization.yaml").exists()


def test_a_namespace_that_changed_is_an_error(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "one")
    repository(tmp_path, prod=SOPS | {"namespace": "other"})
    assert "secret-namespace" in {finding.id for finding in generation.generate(project, []).findings}
    with pytest.raises(RefusedError):
        set_secret(project, "one")


def test_what_is_no_manifest_of_ours_is_not_overwritten(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n", encoding="utf-8")
    with pytest.raises(RefusedError):
        set_secret(project, "one")
    assert file.read_text(encoding="utf-8") == "# mine\n"
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(RefusedError):
        set_secret(project, "one")
    assert not (tmp_path / "elsewhere.yaml").exists()


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("Hf", "token", "x"),
        ("../x", "token", "x"),
        ("kustomization", "token", "x"),
        ("hf", "to ken", "x"),
        ("hf", "token", ""),
    ],
)
def test_names_keys_and_values_that_cannot_be(name: str, key: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        set_secret(repository(tmp_path, prod=SOPS), value, name, key)


@pytest.mark.parametrize("backend", [{}, {"secrets": {"backend": "external-secrets", "store": "vault"}}])
def test_backends_that_keep_nothing_in_git(backend: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="keeps no secrets in Git"):
        set_secret(repository(tmp_path, prod=backend), "x")


def test_rules_for_sops_itself(tmp_path: Path) -> None:
    """One for each environment; a run on some environments leaves the rules of the others."""
    _, other = age_key()
    project = repository(tmp_path, prod=SOPS, dev={"secrets": {"backend": "sops", "age": [other]}}, test={})
    generate(project)
    rules = yamlio.load((tmp_path / ".sops.yaml").read_text(encoding="utf-8"))["creation_rules"]
    assert [rule["age"] for rule in rules] == [other, RECIPIENT]
    program = programs.find_tool(sops.SOPS, tool_folder())
    command = [str(program), "encrypt", "--filename-override", "overlays/dev/secrets/new.yaml"]
    done = subprocess.run(
        command, input="kind: Secret\nstringData: {a: b}\n", cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert yamlio.load(done.stdout)["sops"]["age"][0]["recipient"] == other
    assert yamlio.load(done.stdout)["kind"] == "Secret"
    repository(tmp_path, dev={})
    planned = generation.generate(project, ["prod"])
    assert planned.plan is not None
    assert ".sops.yaml" not in {change.path for change in planned.plan.changes}
    generate(project)
    rules = yamlio.load((tmp_path / ".sops.yaml").read_text(encoding="utf-8"))["creation_rules"]
    assert [rule["age"] for rule in rules] == [RECIPIENT]
    repository(tmp_path, prod={})
    generate(project)
    assert not (tmp_path / ".sops.yaml").exists()


def test_rules_of_somebodys_own_are_left_alone(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    (tmp_path / ".sops.yaml").write_text("creation_rules: []\n", encoding="utf-8")
    assert "foreign-sops-rules" in {finding.id for finding in generate(project)}
    assert (tmp_path / ".sops.yaml").read_text(encoding="utf-8") == "creation_rules: []\n"
    assert set_secret(project, "one").written


def test_a_review_says_that_a_value_changed_and_nothing_of_it(tmp_path: Path) -> None:
    project = repository(tmp_path, prod=SOPS)
    set_secret(project, "one")
    generate(project)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(tmp_path)]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "one"], check=True)
    set_secret(project, "two")
    review = make_review(open_comparison(tmp_path, "HEAD", None), today=date(2026, 6, 1), tool_folder=tool_folder())
    (changed,) = review.environments["prod"].objects
    assert (changed.kind, changed.name, changed.unit) == ("Secret", "hf", "secrets")
    assert [change.path for change in changed.changes] == ["stringData.token"]
    assert "ENC[" not in render(review)
