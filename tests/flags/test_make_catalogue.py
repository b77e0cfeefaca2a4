"""The script that makes a catalogue, on a small release written as vLLM writes its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from llmstack.flags.catalogue import DATA, read_catalogue

ROOT = Path(__file__).parents[2]
RELEASE = {
    "vllm/__init__.py": "raise RuntimeError('imported')",
    "vllm/envs.py": """
        import os
        environment_variables = {"VLLM_PORT": lambda: os.getenv("VLLM_PORT"), "LOCAL_RANK": lambda: 0}
        def __getattr__(name):
            return environment_variables[name]()
        """,
    "vllm/config.py": """
        from typing import Literal, TYPE_CHECKING
        import torch
        from pydantic import Field
        from pydantic.dataclasses import dataclass
        if TYPE_CHECKING:
            from transformers import PretrainedConfig
        else:
            PretrainedConfig = torch.anything
        Mode = Literal["fast", "safe"]
        @dataclass
        class CacheConfig:
            block_size: int | None = None
            mode: Mode = Field(default="safe")
            layers: list[int] = Field(default_factory=lambda: [1, 2])
            dtype: torch.dtype | str = "auto"
            enable_sharing: bool = False
        """,
    "vllm/engine/arg_utils.py": """
        import argparse, json, sys
        from dataclasses import MISSING, fields
        from typing import Literal, get_args, get_origin
        from vllm.config import CacheConfig
        from vllm.kernels import never_there
        NEEDS_HELP = "--help" in sys.argv
        def human(text):
            return int(text[:-1]) * 1000 if text.endswith("k") else int(text)
        def get_kwargs(cls):
            found = {}
            for field in fields(cls):
                default = field.default if not hasattr(field.default, "default") else field.default.default
                entry = {"default": default}
                if field.type is bool:
                    entry["action"] = argparse.BooleanOptionalAction
                elif get_origin(field.type) is Literal:
                    entry |= {"type": str, "choices": sorted(get_args(field.type))}
                elif get_origin(field.type) is list:
                    entry |= {"type": int, "nargs": "+", "default": field.default.default_factory()}
                elif "int" in str(field.type):
                    entry["type"] = human
                found[field.name] = entry
            return found
        """,
    "vllm/entrypoints/cli/serve.py": """
        import json
        import vllm.envs as envs
        from ...engine.arg_utils import get_kwargs
        class ServeSubcommand:
            def subparser_init(self, subparsers):
                from vllm.config import CacheConfig
                parser = subparsers.add_parser("serve")
                parser.add_argument("model_tag", nargs="?")
                parser.add_argument("--port", "-p", type=int, default=envs.VLLM_PORT or 8000)
                parser.add_argument("--headless", action="store_true", help="[DEPRECATED] do not use")
                parser.add_argument("--hf-overrides", type=json.loads)
                parser.add_argument("--middleware", action="append", type=str, default=[])
                group = parser.add_argument_group(title="cache")
                for name, facts in get_kwargs(CacheConfig).items():
                    group.add_argument("--" + name.replace("_", "-"), **facts)
                return parser
        """,
}
EXPECTED = {
    "--block-size": {"type": "int", "suffixes": "k"},
    "--dtype": {"type": "str", "default": "auto"},
    "--enable-sharing": {"type": "bool", "default": False, "negatable": True},
    "--headless": {"type": "bool", "default": False, "deprecated": True},
    "--hf-overrides": {"type": "json"},
    "--layers": {"type": "int", "default": [1, 2], "nargs": "+"},
    "--middleware": {"type": "str", "default": [], "repeatable": True},
    "--mode": {"type": "str", "default": "safe", "choices": ["fast", "safe"]},
    "--port": {"type": "int", "default": 8000, "aliases": ["-p"]},
}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    for name, text in RELEASE.items():
        file = tmp_path / "vllm-1.2.3" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    return tmp_path / "vllm-1.2.3"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "make_catalogue.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def made_from(source: Path) -> dict[str, Any]:
    done = run(source)
    assert done.returncode == 0, done.stderr
    catalogue: dict[str, Any] = json.loads(done.stdout)
    return catalogue


def test_a_folder_an_archive_and_a_wheel_give_the_same(release: Path) -> None:
    archive = release.parent / "vllm-1.2.3.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(release, arcname="vllm-1.2.3")
    wheel = release.parent / "vllm-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name in RELEASE:
            packed.write(release / name, name)
    assert made_from(release) == {"version": "1.2.3", "flags": EXPECTED, "env": ["VLLM_PORT"]}
    assert made_from(archive) == made_from(wheel) == made_from(release)


def test_the_environment_is_not_seen(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_PORT", "1")
    assert made_from(release)["flags"]["--port"]["default"] == 8000


def test_llmstack_reads_what_is_made(release: Path) -> None:
    catalogue = read_catalogue(made_from(release))
    assert catalogue.spellings["--no-enable-sharing"].negated
    assert catalogue.spellings["-p"].flag.name == "--port"


def test_what_is_no_release_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "vllm").mkdir()
    done = run(tmp_path)
    assert done.returncode == 1
    assert "holds no vLLM sources" in done.stderr


def test_changes_are_up_to_date(tmp_path: Path) -> None:
    folder = Path(str(DATA))
    for file in folder.glob("*.json"):
        shutil.copy(file, tmp_path)
    assert run("--changes", tmp_path).returncode == 0
    assert (tmp_path / "changes.json").read_text("utf-8") == (folder / "changes.json").read_text("utf-8")
