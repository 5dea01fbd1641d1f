"""Tests of the report: its data, its files, and the page in a browser."""
