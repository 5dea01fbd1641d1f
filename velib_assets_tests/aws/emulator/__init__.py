"""The emulator: ministack with patches for what the AWS forms need, which then run without an account.

`server.Emulator` starts it from the project's environment; `patches/` and `launch.py` run in its own.
"""
