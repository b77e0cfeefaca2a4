"""What `migrate` says of defaults that differ from the chart's, and `--keep-defaults`."""

from __future__ import annotations

from llmstack.migrate import Migration, Wanted, migrate
from llmstack.values.source import read_source

PLAIN = """\
servingEngineSpec:
  modelSpec:
    - name: chat
      repository: vllm/vllm-openai
      tag: v0.15.1
      modelURL: example/chat-8b
      vllmConfig:
        maxNumSeqs: 8
"""


def migrated(text: str, **wanted: object) -> Migration:
    return migrate(read_source("prod.yaml", text.encode()), None, Wanted(**wanted))  # type: ignore[arg-type]


def told(migration: Migration, id: str) -> list[str]:
    return sorted(note.message.split("`")[1] for note in migration.notes if note.id == id)


def test_every_default_that_differs_is_told() -> None:
    assert told(migrated(PLAIN), "default-differs") == [
        "routerSpec.resources",
        "routerSpec.startupProbe.failureThreshold",
        "routerSpec.strategy",
        "servingEngineSpec.enableServiceLinks",
        "servingEngineSpec.modelSpec[0].vllmConfig.enablePrefixCaching",
        "servingEngineSpec.strategy",
    ]


def test_what_is_off_or_set_is_not_told() -> None:
    off = "servingEngineSpec: {enableEngine: false}\nrouterSpec: {enableRouter: false}\n"
    assert told(migrated(off), "default-differs") == []
    stated = PLAIN + "routerSpec: {resources: {}, strategy: {type: Recreate}, startupProbe: {failureThreshold: 5}}\n"
    assert all("routerSpec" not in key for key in told(migrated(stated), "default-differs"))


def test_the_numbers_of_the_chart_are_written_down_once() -> None:
    once = migrated(PLAIN, keep_defaults=True)
    assert 'cpu: "400m"' in once.after.text or "cpu: 400m" in once.after.text
    assert "enablePrefixCaching: false" in once.after.text
    assert once.after.data["routerSpec"]["startupProbe"] == {"failureThreshold": 3}
    assert told(once, "default-differs") == ["servingEngineSpec.enableServiceLinks"]
    assert migrated(once.after.text, keep_defaults=True).after.text == once.after.text


def test_keys_that_the_chart_did_not_read_are_told() -> None:
    text = PLAIN.replace("  modelSpec", "  nodeSelector: {pool: gpu}\n  modelSpec", 1)
    assert told(migrated(text), "chart-ignored") == ["servingEngineSpec.nodeSelector"]


def test_release_and_namespace_are_written_and_name_secrets() -> None:
    text = PLAIN.replace("      vllmConfig", "      hf_token: hf_abcdefghijklmnopqrstuvwxyz\n      vllmConfig")
    done = migrated(text, release="stack", namespace="llm")
    assert done.after.data["gitops"] == {"release": "stack", "namespace": "llm"}
    assert [secret.name for secret in done.secrets] == ["stack-hf-token"]
    assert done.namespace == "llm"
    again = migrated(text + "gitops:\n  release: old  # ours\n", release="stack")
    assert "  release: stack  # ours\n" in again.after.text
