"""kustomize and kubeconform as their projects release them, for `tools install` where there is no Go."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from llmstack.hub.error import HubError
from llmstack.hub.http import get
from llmstack.programs import BUILT, KUBECONFORM, KUSTOMIZE, Found, Tool, ToolError, look_up

ADDRESSES: Mapping[str, str] = {
    KUSTOMIZE.name: "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2F{version}/"
    "kustomize_{version}_{system}_{machine}.tar.gz",
    KUBECONFORM.name: "https://github.com/yannh/kubeconform/releases/download/{version}/"
    "kubeconform-{system}-{machine}.tar.gz",
}

HASHES: Mapping[str, Mapping[str, str]] = {
    KUSTOMIZE.name: {
        "linux-amd64": "029a7f0f4e1932c52a0476cf02a0fd855c0bb85694b82c338fc648dcb53a819d",
        "linux-arm64": "0953ea3e476f66d6ddfcd911d750f5167b9365aa9491b2326398e289fef2c142",
        "darwin-amd64": "ee7cf0c1e3592aa7bb66ba82b359933a95e7f2e0b36e5f53ed0a4535b017f2f8",
        "darwin-arm64": "8886f8a78474e608cc81234f729fda188a9767da23e28925802f00ece2bab288",
    },
    KUBECONFORM.name: {
        "linux-amd64": "c31518ddd122663b3f3aa874cfe8178cb0988de944f29c74a0b9260920d115d3",
        "linux-arm64": "cc907ccf9e3c34523f0f32b69745265e0a6908ca85b92f41931d4537860eb83c",
        "darwin-amd64": "c6771cc894d82e1b12f35ee797dcda1f7da6a3787aa30902a15c264056dd40d4",
        "darwin-arm64": "b5d32b2cb77f9c781c976b20a85e2d0bc8f9184d5d1cfe665a2f31a19f99eeb9",
    },
}
"""SHA-256 of the archive of `tool.tested`, by system and machine. Each was found alike in the pins of at least four
public projects, that of kustomize for Linux also in Argo CD's (hack/installers/checksums)."""

OTHERWISE = "install Go, or put kustomize and kubeconform on PATH or into the folder $LLMSTACK_TOOLS"

MACHINES: Mapping[str, str] = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def fetch_tools(
    target: Path,
    addresses: Mapping[str, str] = ADDRESSES,
    hashes: Mapping[str, Mapping[str, str]] = HASHES,
) -> dict[str, Found]:
    """Put every program of `BUILT`, as released for this machine, into `target`; returns where each is, by name.

    Raises ToolError where there is no release for this machine, nobody answers, or an archive is not the one whose hash
    is known. What was there stays until its successor is whole.
    """
    system, machine = platform.system().lower(), MACHINES.get(platform.machine().lower(), platform.machine())
    target.mkdir(parents=True, exist_ok=True)
    for tool in BUILT:
        expected = hashes[tool.name].get(f"{system}-{machine}")
        if expected is None:
            raise ToolError(f"no release of {tool.name} {tool.tested} for {system} on {machine} is known; {OTHERWISE}")
        address = addresses[tool.name].format(version=tool.tested, system=system, machine=machine)
        _put(target / tool.name, _program(tool, address, expected))
    return {tool.name: look_up(tool, target) for tool in BUILT}


def _program(tool: Tool, address: str, expected: str) -> bytes:
    """The program in the archive at an address, whose hash is held against what is expected."""
    try:
        answer = get(address, token=None)
    except HubError as error:
        raise ToolError(f"{error}; {OTHERWISE}") from error
    if answer.status != 200:
        raise ToolError(f"{address} answers with {answer.status}; {OTHERWISE}")
    found = hashlib.sha256(answer.body).hexdigest()
    if found != expected:
        raise ToolError(f"{address} is not what was released: its SHA-256 is {found}, and {expected} was expected")
    with tarfile.open(fileobj=io.BytesIO(answer.body), mode="r:gz") as archive:
        member = archive.extractfile(tool.name) if tool.name in archive.getnames() else None
        if member is None:
            raise ToolError(f"{address} holds no file {tool.name}")
        return member.read()


def _put(path: Path, content: bytes) -> None:
    """Write a program whole, or not at all."""
    descriptor, name = tempfile.mkstemp(prefix=".fetching-", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(name, 0o755)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
