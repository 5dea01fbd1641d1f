"""Tests of velib_assets.resources."""
