"""Tests of the feeds: a real local server, real files, the simulated city."""
