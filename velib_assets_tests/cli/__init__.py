"""Tests of the `velib` command."""
