"""The AWS forms on an emulator: the harness (emulator/), and the tests that run on it."""
