"""Keys of a flag's JSON that are flags of their own, as `FlexibleArgumentParser.parse_args` puts them together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmstack.engine.settings import read_flags
from llmstack.flags import load_catalogue

CASES: list[tuple[str, list[str], Any]] = [
    ("0.20.2", ["-cc.mode", "3"], {"mode": 3}),
    ("0.20.2", ["--compilation_config.pass_config.fuse_norm_quant=true"], {"pass_config": {"fuse_norm_quant": True}}),
    ("0.20.2", ["-cc.mode=1", "-cc.mode=3"], {"mode": 3}),
    ("0.20.2", ["-cc.custom_ops+", "none,+rms_norm", "-cc.custom_ops+=+silu"], {"custom_ops": ["none", "+rms_norm", "+silu"]}),
    ("0.20.2", ["-cc.max_cudagraph_capture_size", "2k"], {"max_cudagraph_capture_size": 2000}),
    ("0.20.2", ["-cc.max_cudagraph_capture_size", "2K"], {"max_cudagraph_capture_size": 2048}),
    ("0.19.1", ["-cc.max_cudagraph_capture_size", "2k"], {"max_cudagraph_capture_size": "2k"}),
    ("0.20.2", ["-cc.mode", "VLLM_COMPILE"], {"mode": "VLLM_COMPILE"}),
    # what is given key by key comes last, and replaces the whole
    ("0.20.2", ["-cc.mode=3", "--compilation-config", '{"backend": "eager"}'], {"mode": 3}),
    ("0.20.2", ["-cc.a.b=1", "-cc.a", '{"c": 2}', "-cc.a.b=3"], {"a": {"b": 3, "c": 2}}),
    ("0.10.2", ["-O3"], {"level": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("release", "arguments", "wanted"), CASES)
def test_keys_are_the_json_of_their_flag(release: str, arguments: list[str], wanted: Any) -> None:
    flags = read_flags(["model", *arguments], load_catalogue(release))
    assert json.loads(flags["--compilation-config"] or "") == wanted
    assert not any("." in name for name in flags)


def test_what_is_nested_too_deep_is_left_out() -> None:
    deep = "-cc" + ".a" * 5000
    assert "--compilation-config" not in read_flags([deep, "1"], load_catalogue("0.20.2"))
    nested = '{"a":' * 700 + "1" + "}" * 700
    assert "--compilation-config" in read_flags(["-cc.b", nested, "-cc.c=1"], load_catalogue("0.20.2"))


def test_a_flag_without_keys_stays_as_it_is() -> None:
    flags = read_flags(["m", "--port", "80", "--compilation-config", '{"mode":3}'], load_catalogue("0.20.2"))
    assert flags == {"--port": "80", "--compilation-config": '{"mode":3}'}
