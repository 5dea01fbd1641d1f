"""The emulator: ministack with the gaps that matter here closed; the AWS forms run on it without an account.

`server.Emulator` starts it from the project's environment; `patches/` and `launch.py` run in its own.
"""
