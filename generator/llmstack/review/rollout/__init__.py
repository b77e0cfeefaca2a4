"""How rollouts go: pods, GPUs, time, and whether they finish."""
