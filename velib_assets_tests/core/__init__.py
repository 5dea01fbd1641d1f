"""Tests of velib_assets.core."""
