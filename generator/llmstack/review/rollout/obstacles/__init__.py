"""What keeps a new pod from starting beside GPUs: volumes, nodes, other pods, and what the API server refuses."""
