"""Tests of velib_assets.runtime."""
