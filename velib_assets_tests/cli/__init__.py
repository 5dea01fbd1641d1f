"""Tests of velib_assets.cli.commands."""
