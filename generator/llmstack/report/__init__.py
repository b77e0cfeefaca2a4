"""What is said of findings, reviews and migrations: one file per format."""
