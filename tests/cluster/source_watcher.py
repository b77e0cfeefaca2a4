"""What Flux's source-watcher would do, done by hand: its module cannot be had where the others come from.

For each ArtifactGenerator it copies what `spec.artifacts` says from the repository into an archive, and states it in
the status of an ExternalArtifact (fluxcd/source-watcher, docs/spec/v1beta1/artifactgenerators.md).
"""

from __future__ import annotations

import datetime
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from llmstack.tree.flux import NAMESPACE
from tests.cluster.flux import Storage
from tests.cluster.kubectl import Kubectl, Object

API = "source.toolkit.fluxcd.io/v1"


def publish(kubectl: Kubectl, repository: Path, storage: Storage) -> dict[str, str]:
    """Make the artifacts of every ArtifactGenerator from a working tree; their revisions by name."""
    revisions = {}
    for generator in kubectl.items("artifactgenerators", NAMESPACE):
        for artifact in generator["spec"]["artifacts"]:
            archive = _archive(artifact, repository)
            digest = hashlib.sha256(archive).hexdigest()
            path = f"externalartifact/{NAMESPACE}/{artifact['name']}/{digest}.tar.gz"
            (storage.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (storage.folder / path).write_bytes(archive)
            revisions[artifact["name"]] = f"latest@sha256:{digest}"
            _state(kubectl, generator, artifact["name"], f"http://{storage.address}/{path}", archive)
    return revisions


def _archive(artifact: Object, repository: Path) -> bytes:
    """The archive that `copy` says: `@repo/FOLDER/**` to `@artifact/FOLDER/`; the same files give the same bytes."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for each in artifact["copy"]:
            folder = repository / each["from"].removeprefix("@repo/").removesuffix("/**")
            target = each["to"].removeprefix("@artifact/")
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                info = tarfile.TarInfo(f"{target}{path.relative_to(folder).as_posix()}")
                info.size = path.stat().st_size
                archive.addfile(info, io.BytesIO(path.read_bytes()))
    return gzip.compress(content.getvalue(), mtime=0)


def _state(kubectl: Kubectl, generator: Object, name: str, url: str, archive: bytes) -> None:
    """Create the ExternalArtifact, and say in its status where it is and what."""
    digest = hashlib.sha256(archive).hexdigest()
    metadata = {"name": name, "namespace": NAMESPACE}
    owner = {"apiVersion": generator["apiVersion"], "kind": generator["kind"], "name": generator["metadata"]["name"]}
    kubectl.apply([{"apiVersion": API, "kind": "ExternalArtifact", "metadata": metadata, "spec": {"sourceRef": owner}}])
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    artifact = {
        "url": url,
        "path": url.split("/", 3)[3],
        "digest": f"sha256:{digest}",
        "revision": f"latest@sha256:{digest}",
        "size": len(archive),
        "lastUpdateTime": now,
    }
    ready = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored", "lastTransitionTime": now}
    status = json.dumps({"status": {"artifact": artifact, "conditions": [ready]}})
    flags = ("--subresource=status", "--type=merge", "-p", status)
    kubectl("patch", "externalartifact", name, "-n", NAMESPACE, *flags)
