"""`llmstack tools install`, with the real Go: what it builds is what is found afterwards."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.hub.server import Site, serving

from llmstack.commands.output import cache_folder, tool_folder
from llmstack.commands.released import ADDRESSES, HASHES, fetch_tools
from llmstack.programs import BUILT, KUBECONFORM, KUSTOMIZE, ToolError, look_up
from llmstack.programs.building import build_tools, find_go


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


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("go version go1.21.0 linux/amd64", True),
        ("go version devel go1.27-1a2b3c linux/amd64", True),
        ("go version go1.19.8 linux/amd64", False),
        ("no Go at all", False),
    ],
)
def test_a_go_that_cannot_build_them_is_none(
    said: str, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian 12 has Go 1.19, which fetches no newer one."""
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho {said}\n", encoding="utf-8")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_go() == (str(go) if found else None)
    go.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    assert find_go() is None


def test_sources_without_their_checksum_are_not_built(tmp_path: Path) -> None:
    module = Path(__file__).parents[2] / "generator/llmstack/commands/init/files"
    texts = {"go.mod": (module / "go.mod").read_text(encoding="utf-8"), "go.sum": ""}
    with pytest.raises(ToolError, match=r"the build of kustomize v5\.8\.1 failed: (.|\n)*go\.sum"):
        build_tools(find_go() or "", texts, tmp_path)
    assert list(tmp_path.iterdir()) == []


def archive(program: bytes, name: str = "kustomize") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as file:
        for each, content in (("LICENSE", b"terms"), (name, program)):
            member = tarfile.TarInfo(each)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_without_go_the_releases_are_fetched_and_held_to_their_hashes(tmp_path: Path) -> None:
    """Redirected, as GitHub does; the program is run afterwards, and so must be whole."""
    site = Site()
    with serving(site) as address:
        addresses, hashes = {}, {}
        for tool in BUILT:
            packed = archive(f"#!/bin/sh\necho {tool.tested}\n".encode(), tool.name)
            site.put(f"/{tool.name}/{tool.tested}", b"", 302, Location=f"/stored/{tool.name}")
            site.put(f"/stored/{tool.name}", packed)
            addresses[tool.name] = f"{address}/{tool.name}/{{version}}"
            hashes[tool.name] = dict.fromkeys(HASHES[tool.name], hashlib.sha256(packed).hexdigest())
        found = fetch_tools(tmp_path, addresses, hashes)
        assert {name: each.version for name, each in found.items()} == {tool.name: tool.tested for tool in BUILT}
        assert sorted(path.name for path in tmp_path.iterdir()) == ["kubeconform", "kustomize"]
        site.put("/stored/kubeconform", archive(b"another", "kubeconform"))
        with pytest.raises(
            ToolError, match=r"kubeconform/v0\.7\.0 is not what was released: its SHA-256 is [0-9a-f]{64}"
        ):
            fetch_tools(tmp_path, addresses, hashes)
        site.answers.clear()
        with pytest.raises(ToolError, match="answers with 404; install Go, or put kustomize and kubeconform on PATH"):
            fetch_tools(tmp_path, addresses, hashes)
    assert look_up(KUBECONFORM, tmp_path).version == KUBECONFORM.tested


def test_an_archive_without_the_program_is_refused(tmp_path: Path) -> None:
    site = Site()
    with serving(site) as address:
        packed = archive(b"", "else")
        site.put("/kustomize", packed)
        digest = hashlib.sha256(packed).hexdigest()
        hashes = {KUSTOMIZE.name: dict.fromkeys(HASHES[KUSTOMIZE.name], digest)}
        with pytest.raises(ToolError, match="kustomize holds no file kustomize"):
            fetch_tools(tmp_path, {KUSTOMIZE.name: f"{address}/kustomize"}, hashes)
    assert list(tmp_path.iterdir()) == []


def test_every_program_has_a_release_for_every_machine() -> None:
    machines = {f"{system}-{machine}" for system in ("linux", "darwin") for machine in ("amd64", "arm64")}
    assert set(ADDRESSES) == set(HASHES) == {tool.name for tool in BUILT}
    for tool in BUILT:
        assert set(HASHES[tool.name]) == machines
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in HASHES[tool.name].values())


def test_the_hashes_are_of_the_versions_that_are_tested() -> None:
    """A newer version needs other hashes: change this line with them."""
    assert {tool.name: tool.tested for tool in BUILT} == {"kustomize": "v5.8.1", "kubeconform": "v0.7.0"}
