"""What vLLM's own image lacks: packages that a flag asks for, and that the wheel of the release does not require.

From `Requires-Dist` of each release's wheel: OpenTelemetry is among them from 0.17 on, Ray up to 0.17 (the image has
none since, https://github.com/gpustack/gpustack/issues/5430 and vllm-project/production-stack pull request 1056),
Arctic Inference never.
"""

from __future__ import annotations

from collections.abc import Callable

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.parallel import BACKEND, EXECUTOR
from llmstack.engine.exact.refusals.refusal import Refusal, says
from llmstack.engine.exact.refusals.speculation import SPECULATIVE

IMAGE = "vllm/vllm-openai"
TRACES = "--otlp-traces-endpoint"
TRACES_LACK = ((0, 10), (0, 16))
"""The releases without OpenTelemetry; of earlier ones some had it."""
RAY_LACKS = (0, 18)
"""The first release without Ray."""


def _in_image(holds: Callable[[Line], object]) -> Callable[[Line], bool]:
    """Whether something holds in vLLM's own image; others may bring what it lacks."""
    return lambda line: line.repository.removeprefix("docker.io/") == IMAGE and bool(holds(line))


REFUSALS: tuple[Refusal, ...] = (
    Refusal("OpenTelemetry is not available", TRACES, _in_image(lambda line: line.text(TRACES)),
            f"{TRACES} in an image without OpenTelemetry", "an image that adds opentelemetry-sdk, -api and its OTLP "
            "exporter, or vLLM 0.17 or later", *TRACES_LACK),
    *(Refusal("Failed to import Ray", flag, _in_image(says(flag, "ray")), f"{flag} ray in an image without Ray",
              "an image that adds ray, or mp", RAY_LACKS)
      for flag in (EXECUTOR, BACKEND)),
    Refusal("Arctic Inference is required for suffix decoding", SPECULATIVE,
            _in_image(lambda line: line.object(SPECULATIVE).get("method") == "suffix"),
            "suffix decoding in an image without Arctic Inference", "an image that adds arctic-inference, or ngram"),
)  # fmt: skip
"""In the order in which they are said."""
