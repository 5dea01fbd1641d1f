"""Tests of velib_assets.alerts."""
