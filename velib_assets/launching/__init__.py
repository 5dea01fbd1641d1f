"""How runs start and are noted: a tick before all others, and on one machine without doing things twice."""
