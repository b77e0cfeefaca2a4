"""vLLM itself as the oracle: files out of its wheels, run or read on a CPU (`make test-engine`)."""
