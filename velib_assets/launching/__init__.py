"""How runs start: a tick before all others, and on one machine without importing everything anew."""
