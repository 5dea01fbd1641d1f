"""Tests of velib_assets.station register."""
