"""`llmstack migrate` on real files: what it writes, what it leaves alone, and how it ends."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

import llmstack
from llmstack.disk.error import ChangedMeanwhileError
from llmstack.disk.replace import replace_file
from llmstack.errors import RefusedError
from llmstack.repository.migration import migrate_file, write_file
from llmstack.repository.project import Project
from tests import forks

OLD = """\
servingEngineSpec:
  modelSpec:
    - name: llama
      repository: vllm/vllm-openai
      tag: v0.11.2
      modelURL: meta-llama/Llama-3.1-8B-Instruct
      requestGPU: 1
      device: cuda
      hf_token: hf_SECRETsecretSECRETsecret1
"""
NEW = OLD.replace("      device: cuda\n", "").replace(
    "hf_SECRETsecretSECRETsecret1", "{secretName: llmstack-hf-token, secretKey: token}"
)


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command in a folder."""
    environment = {"PYTHONPATH": str(Path(llmstack.__file__).parents[1]), "PATH": os.environ["PATH"]}
    command = forks.command("migrate", *arguments)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "values" / "prod.yaml"
    path.parent.mkdir()
    path.write_text(OLD, encoding="utf-8")
    return path


def test_the_change_is_shown_and_nothing_is_written(file: Path, tmp_path: Path) -> None:
    code, shown, talk = run(tmp_path, "prod")
    assert code == 0
    assert "-      hf_token: (masked)\n" in shown
    assert "+      hf_token: {secretName: llmstack-hf-token, secretKey: token}\n" in shown
    assert "kubectl create secret generic llmstack-hf-token --namespace default --from-file=token=/dev/stdin" in shown
    assert "SECRET" not in shown + talk
    assert file.read_text(encoding="utf-8") == OLD


def test_write_writes_it_once(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    assert run(tmp_path, "--write", "values/prod.yaml")[0] == 0
    assert file.read_text(encoding="utf-8") == NEW
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    changed = file.stat().st_mtime_ns
    assert run(tmp_path, "--write", "prod")[:2] == (0, "nothing to migrate in values/prod.yaml\n")
    assert file.stat().st_mtime_ns == changed
    assert [path.name for path in file.parent.iterdir()] == ["prod.yaml"]
    assert [path.name for path in tmp_path.iterdir()] == ["values"]


def test_line_breaks_and_a_byte_order_mark_stay(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + OLD.replace("\n", "\r\n").encode())
    assert run(tmp_path, "--write", "prod")[0] == 0
    assert file.read_bytes() == b"\xef\xbb\xbf" + NEW.replace("\n", "\r\n").encode()


def test_what_is_left_to_people_ends_with_1_and_the_rest_is_written(file: Path, tmp_path: Path) -> None:
    file.write_text(OLD.replace("requestGPU: 1", "requestGPU: 0.5"), encoding="utf-8")
    code, _, talk = run(tmp_path, "--write", "prod")
    assert code == 1
    assert "error[fractional-gpu]" in talk
    assert file.read_text(encoding="utf-8") == NEW.replace("requestGPU: 1", "requestGPU: 0.5")


@pytest.mark.parametrize("text", ["a: [", "- a list\n", "---\n---\nb: 2\n", "tag: !!python/name:os.system x\n"])
def test_a_file_that_cannot_be_read_is_left_as_it_is(text: str, file: Path, tmp_path: Path) -> None:
    file.write_text(text, encoding="utf-8")
    code, _, talk = run(tmp_path, "--write", "prod")
    assert code == 1
    assert "error[" in talk
    assert file.read_text(encoding="utf-8") == text


def test_an_empty_file_has_nothing_to_migrate(file: Path, tmp_path: Path) -> None:
    file.write_text("# later\n", encoding="utf-8")
    code, shown, _ = run(tmp_path, "--write", "prod")
    assert (code, shown) == (0, "nothing to migrate in values/prod.yaml\n")


@pytest.mark.parametrize("arguments", [("staging",), ("values",), (), ("prod", "dev"), ("prod", "--env", "other")])
def test_what_is_no_values_file_ends_with_2(arguments: tuple[str, ...], file: Path, tmp_path: Path) -> None:
    assert run(tmp_path, *arguments)[0] == 2


def test_the_base_is_a_file_like_others(file: Path, tmp_path: Path) -> None:
    """A model may lack in it what environments add, but a secret is one there too."""
    base = tmp_path / "values" / "base.yaml"
    base.write_text(
        "servingEngineSpec: {vllmApiKey: SECRETsecret, modelSpec: [{name: a, device: x}]}\n", encoding="utf-8"
    )
    for name in ("base", "values/base.yaml"):
        assert run(tmp_path, name)[0] == 0
    assert run(tmp_path, "--write", "base")[0] == 0
    assert "SECRET" not in base.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8") == OLD


def test_a_secret_in_the_layer_below_is_said(file: Path, tmp_path: Path) -> None:
    (tmp_path / "values" / "base.yaml").write_text("routerSpec: {hf_token: SECRETsecret}\n", encoding="utf-8")
    code, shown, talk = run(tmp_path, "prod")
    assert code == 1
    assert "error[plaintext-secret]" in talk
    assert "--> values/base.yaml:1:14" in talk
    assert "SECRET" not in shown + talk


def test_a_file_outside_values_needs_no_name_of_an_environment(tmp_path: Path) -> None:
    path = tmp_path / "values_of__the chart.yml"
    path.write_text(OLD, encoding="utf-8")
    assert run(tmp_path, "--write", path.name)[0] == 0
    assert path.read_text(encoding="utf-8") == NEW


def test_a_link_is_not_written_through(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    file.rename(real)
    file.symlink_to(real)
    code, _, talk = run(tmp_path, "--write", "prod")
    assert code == 4
    assert "symbolic link" in talk
    assert file.is_symlink()
    assert real.read_text(encoding="utf-8") == OLD


def test_a_file_that_changes_meanwhile_is_left_alone(file: Path, tmp_path: Path) -> None:
    migrated = migrate_file(Project(tmp_path), "prod", None)
    file.write_text(OLD + "# mine\n", encoding="utf-8")
    with pytest.raises(ChangedMeanwhileError):
        write_file(migrated)
    with pytest.raises(ChangedMeanwhileError):
        replace_file(file, OLD.encode(), NEW.encode())
    assert file.read_text(encoding="utf-8") == OLD + "# mine\n"
    assert [path.name for path in file.parent.iterdir()] == ["prod.yaml"]


def test_a_link_in_its_place_is_refused_by_the_writer_too(file: Path, tmp_path: Path) -> None:
    migrated = migrate_file(Project(tmp_path), "prod", None)
    real = tmp_path / "real.yaml"
    file.rename(real)
    file.symlink_to(real)
    with pytest.raises(RefusedError):
        write_file(migrated)
    assert real.read_text(encoding="utf-8") == OLD
