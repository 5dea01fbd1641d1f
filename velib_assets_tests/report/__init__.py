"""The report's page: what Python puts together, and what a reader's browser makes of it."""
