"""What a start-up log of vLLM, or its /metrics, says of memory, tokens and seconds.

Wording by release, from vLLM's sources and published logs (tests/engine/test_start_log.py): the V0 engine (0.6 to 0.10:
`model_runner.py`, `worker.py`, `executor_base.py`) and the V1 engine (0.7 on: `v1/worker/gpu_model_runner.py`,
`gpu_worker.py`, `v1/core/kv_cache_utils.py`, `compilation/monitor.py`). A phrase is found wherever it stands in a line,
so that prefixes of kubectl, Ray and workers, colours and wrappers of JSON do not matter. Of several workers the one
that has least KV cache decides, and the slowest. No line is kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct, field

LINE = 1 << 16
"""Characters of a line that are looked at."""
LARGEST = 1e7
"""No figure of a start is larger; what is, is no figure of ours."""

Figure = Literal[
    "weights", "kv", "graphs", "total", "load", "read", "compile", "capture", "tokens", "blocks", "length", "tensor"
]


_FIGURES: tuple[tuple[Figure, Callable[[float, float], float], str], ...] = (
    # GiB of one GPU; 0.6 and 0.7 write GB and mean GiB (bytes / 2**30)
    ("weights", max, r"Model loading took ([\d.]+) Gi?B"),
    ("weights", max, r"Loading model weights took ([\d.]+) GB"),
    ("weights", max, r"model weights take ([\d.]+)GiB"),
    ("kv", min, r"Available KV cache memory: (-?[\d.]+) GiB"),
    ("kv", min, r"memory reserved for KV Cache is (-?[\d.]+)GiB"),
    ("kv", min, r"reserved (-?[\d.]+) GiB(?: \([^)]{0,80}\))? memory for KV Cache"),  # as --kv-cache-memory-bytes says
    ("kv", min, r"\bkv_cache_size=(-?[\d.]+)GiB"),
    ("graphs", max, r"Graph capturing finished in [\d.]+ secs, took ([\d.]+) GiB"),
    ("total", min, r"total_gpu_memory[=\s(]{1,3}([\d.]+)GiB"),
    ("total", min, r"Free memory on device[^(]{0,40}\(-?[\d.]+/([\d.]+) GiB\)"),
    # seconds
    ("load", max, r"Model loading took [\d.]+ Gi?B(?: memory)? and ([\d.]+) ?s"),
    ("read", max, r"Loading weights took ([\d.]+) seconds"),
    ("compile", max, r"torch\.compile (?:takes|took) ([\d.]+) s in total"),
    ("compile", max, r"torch\.compile and initial profiling/warmup run together took ([\d.]+) s"),  # 0.18 and 0.19
    ("capture", max, r"Graph capturing finished in ([\d.]+) secs"),
    # counts
    ("tokens", min, r"GPU KV cache size: ([\d,]+) tokens"),
    ("blocks", min, r"# (?:GPU|CUDA|cuda) blocks: (\d+)"),
)
FIGURES = tuple((name, fold, re.compile(pattern)) for name, fold, pattern in _FIGURES)

_VERSION = re.compile(r"(?:vLLM API server version v?|LLM engine \(v)(\d+\.\d+[\w.+-]{0,40})")
_ENGINE = "LLM engine (v"
_SETTINGS: tuple[tuple[Figure, re.Pattern[str]], ...] = (
    ("length", re.compile(r"\bmax_seq_len=(\d+)")),
    ("tensor", re.compile(r"\btensor_parallel_size=(\d+)")),
)
_MODEL = re.compile(r"\bmodel='([^']{1,300})'")
"""What stands behind the engine's name, in its line; the first start that says it counts."""
_BEGINS = "vLLM API server version"
_SERVES = re.compile(
    r"Application startup complete|init engine \(|Starting vLLM (?:API )?server|^vllm:cache_config_info\{"
)
_FAILS = re.compile(
    r"EngineCore failed to start|Engine core initialization failed|Engine process failed to start|CUDA out of memory"
    r"|OutOfMemoryError|No available memory for the cache blocks|larger than the available KV cache memory"
)
_METRICS = re.compile(r"^vllm:cache_config_info\{(.{0,8000})\} 1")
_LABEL = re.compile(r'(\w+)="([^"]{0,80})"')
_MARKS = (
    " took ", " takes ", " take ", "KV cache size: ", "KV cache memory", "for KV Cache", "kv_cache_size=", "blocks: ",
    _ENGINE, "API server version", "total_gpu_memory", "Free memory on device", "startup complete",
    "init engine (", "Starting vLLM ", "vllm:cache_config_info{", "failed to start", "initialization failed",
    "CUDA out of memory", "OutOfMemoryError", "for the cache blocks",
)  # fmt: skip
"""What a line of a start has, one of them at least: a log is long, and the rest of it is passed over fast."""
_COLOUR = re.compile(r"(?:\x1b|\\u001b|\\x1b)\[[0-9;]*m")
_TIME = r"(20\d\d-[01]\d-[0-3]\d)[T ]([0-2]\d:[0-5]\d)(?::[0-6]\d)?(?:[.,]\d{1,9})?(Z|[+-][01]\d:?[0-5]\d)?"
_DAY = len("2026-11-21T10:12")
_BEFORE = re.compile(r"^(?:\[[^\]]{0,200}\] ?)?(?:\([^)]{0,200}\) ?)?(?:[A-Z]{4,8}:? )?" + _TIME)
_WRAPPED = re.compile(r'"(?:@?timestamp|time|ts|asctime|receiveTimestamp)" ?: ?"' + _TIME)


class StartLog(Struct):
    """One start: figures by name (GiB of one GPU, seconds, counts), and whether it went well."""

    figures: dict[Figure, float] = field(default_factory=dict)
    version: str | None = None
    model: str | None = None
    block_size: int | None = None
    """As /metrics says it."""
    serves: bool = False
    failed: bool = False

    @property
    def began(self) -> bool:
        return bool(self.figures.keys() - {"length", "tensor"}) or self.failed or self.serves


class Read(Struct, frozen=True):
    """The last start of a log, and the day of its newest timestamp in UTC; None where no timestamp has a year."""

    start: StartLog
    day: date | None


def read_log(lines: Iterable[str]) -> Read:
    """Return what the last start in a log says, by all its workers together."""
    start, newest, last = StartLog(), None, ""
    for raw in lines:
        line = raw[:LINE]
        if "[" in line:
            line = _COLOUR.sub("", line)
        if line[:_DAY] != last:  # else it is of the day of the line before
            last, moment = line[:_DAY], _day(line)
            last = last if moment is not None and line[:2] == "20" else ""
            newest = moment if newest is None or (moment is not None and moment > newest) else newest
        if not any(mark in line for mark in _MARKS):
            continue
        if _BEGINS in line and start.began:
            start = StartLog()
        _take(start, line)
    return Read(start, newest)


def _take(start: StartLog, line: str) -> None:
    """Put what one line says into the start."""
    for name, fold, pattern in FIGURES:
        match = pattern.search(line)
        number = _number(match[1]) if match is not None else None
        if number is not None:
            start.figures[name] = fold(start.figures[name], number) if name in start.figures else number
    _take_engine(start, line)
    _take_metrics(start, line)
    if _FAILS.search(line) and not start.serves:
        start.failed = True
    start.serves = start.serves or _SERVES.search(line) is not None


def _take_engine(start: StartLog, line: str) -> None:
    """The release, and what the line of the engine says behind its name."""
    settings = line.partition(_ENGINE)[2]
    for name, pattern in _SETTINGS:
        match = pattern.search(settings)
        number = _number(match[1]) if match is not None else None
        if number is not None:
            start.figures.setdefault(name, number)
    for attribute, pattern, text in (("version", _VERSION, line), ("model", _MODEL, settings)):
        match = pattern.search(text)
        if match is not None and getattr(start, attribute) is None:
            setattr(start, attribute, match[1].rstrip("."))


def _take_metrics(start: StartLog, line: str) -> None:
    """The labels of `vllm:cache_config_info`; `kv_cache_size_tokens` is the logged number, where a release has it."""
    match = _METRICS.search(line)
    if match is None:
        return
    labels = dict(_LABEL.findall(match[1]))
    names: tuple[tuple[Figure, str], ...] = (("tokens", "kv_cache_size_tokens"), ("blocks", "num_gpu_blocks"))
    for name, label in names:
        number = _number(labels.get(label, ""))
        if number is not None:
            start.figures[name] = min(start.figures.get(name, number), number)
    size = _number(labels.get("block_size", ""))
    start.block_size = int(size) if size else None


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    limit = LARGEST * 1e3 if "." not in text else LARGEST
    return number if math.isfinite(number) and abs(number) <= limit else None


def _day(line: str) -> date | None:
    """The day of a line's timestamp in UTC, where it has a year: vLLM's own has none."""
    match = _BEFORE.search(line) or _WRAPPED.search(line) if "20" in line else None
    if match is None:
        return None
    zone = "+00:00" if match[3] in (None, "Z") else match[3]
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}:00{zone}")
        return (moment - (moment.utcoffset() or timedelta())).date()
    except (ValueError, OverflowError):
        return None
