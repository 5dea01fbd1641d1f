"""Tests of velib_assets.history."""
