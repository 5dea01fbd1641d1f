"""The tests: they run the thing and read rows back. The tree mirrors the package."""
