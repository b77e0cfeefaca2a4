"""What a cluster was seen to be: kubectl's JSON, read as snapshots of nodes, pods, workloads and more. Pure."""
