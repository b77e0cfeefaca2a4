"""What a repository holds, on disk or at a commit, and what its values say it should hold."""
