"""Tests of velib_assets.defs.maintenance."""
