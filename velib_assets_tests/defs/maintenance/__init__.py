"""Tests of velib_assets.maintenance."""
