"""What the project promises, proven: `make guarantees`, and mutations that break each promise."""
