"""Patches of ministack, which run in its own environment: one module per gap, applied by launch.py.

Nothing here imports velib_assets, Dagster or anything else of the project's environment.
"""
