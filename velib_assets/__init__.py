"""Vélib' Insights: an open pipeline for bike-share data, as a Dagster asset graph."""
