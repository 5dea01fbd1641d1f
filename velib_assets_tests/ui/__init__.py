"""Tests through the real servers: the daemon's ticks, and the UI in a browser."""
