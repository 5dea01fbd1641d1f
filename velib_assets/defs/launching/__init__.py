"""How runs start."""
