"""Tests of velib_assets.simulator."""
