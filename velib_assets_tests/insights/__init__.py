"""Tests of velib_assets.insights."""
