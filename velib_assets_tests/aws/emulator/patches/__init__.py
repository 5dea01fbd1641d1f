"""What runs inside the emulator's own environment: one module a gap of ministack, applied by launch.py.

Nothing here imports velib_assets, Dagster or anything else of the project's environment.
"""
