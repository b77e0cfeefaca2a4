"""`llmstack tools install`, with the real Go: what it builds is what is found afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmstack.commands.output import cache_folder, tool_folder
from llmstack.programs import BUILT, KUBECONFORM, KUSTOMIZE, ToolError, look_up
from llmstack.programs.building import build_tools


def test_what_is_built_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LLMSTACK_TOOLS", raising=False)
    assert tool_folder() is None
    command = [sys.executable, "-m", "llmstack.cli", "tools", "install"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "llmstack" / "tools"
    assert tool_folder() == cache_folder("tools") == folder
    assert sorted(path.name for path in folder.iterdir()) == ["kubeconform", "kustomize"]
    assert done.stdout == "".join(f"{tool.name} {tool.tested}: {folder / tool.name}\n" for tool in BUILT)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look_up(KUSTOMIZE, tool_folder()).version == KUSTOMIZE.tested
    assert look_up(KUBECONFORM, tool_folder()).version == KUBECONFORM.tested


def test_another_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LLMSTACK_TOOLS", raising=False)
    cache_folder("tools").mkdir(parents=True)
    assert tool_folder() == cache_folder("tools")
    monkeypatch.setenv("LLMSTACK_TOOLS", "/named")
    assert tool_folder() == Path("/named")


@pytest.mark.parametrize("cache", ["", "relative"])
def test_the_cache_is_below_home_where_nothing_else_is_said(cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert cache_folder("tools") == Path("/home/somebody/.cache/llmstack/tools")


def test_sources_without_their_checksum_are_not_built(tmp_path: Path) -> None:
    module = Path(__file__).parents[2] / "generator/llmstack/commands/init/files"
    texts = {"go.mod": (module / "go.mod").read_text(encoding="utf-8"), "go.sum": ""}
    with pytest.raises(ToolError, match=r"the build of kustomize v5\.8\.1 failed: (.|\n)*go\.sum"):
        build_tools(texts, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_go_it_says_what_else_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(ToolError, match=r"install Go 1\.21 or newer, or put kustomize and kubeconform"):
        build_tools({}, tmp_path)
