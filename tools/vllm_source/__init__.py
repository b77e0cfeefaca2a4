"""Reads the flags of `vllm serve` out of a release's sources, neither installed nor imported."""
