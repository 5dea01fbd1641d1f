"""Tests of what the stack costs."""
