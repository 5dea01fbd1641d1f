"""The insights report: its query, its model, its exports and the files it is written to."""
