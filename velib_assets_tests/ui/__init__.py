"""Tests of the real servers: ticks of the daemon, and the UI in a browser."""
