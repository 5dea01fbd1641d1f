"""How runs start: real processes, forked as the daemon forks them."""
