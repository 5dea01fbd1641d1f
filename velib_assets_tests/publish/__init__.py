"""Tests of velib_assets.publish."""
