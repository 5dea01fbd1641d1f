"""`make emulator`: creates every environment of the emulator before tests with timeouts start."""

from __future__ import annotations

import os
import sys

from velib_assets_tests.aws.emulator.environments import EnvironmentFailedError, Environments

NAMES = ("server", "lambda_python", "glue_python", "spark_python", "python39", "checkov", "trino", "formats")


def main() -> int:
    """Create what is missing; a failure is an error under CI, and otherwise skips or fails those tests."""
    environments, failed = Environments.default(), 0
    for name in NAMES:
        try:
            getattr(environments, name)
        except (EnvironmentFailedError, OSError) as error:
            sys.stderr.write(f"THE EMULATOR HAS NO {name}: tests will be skipped or fail. {error}\n")
            failed = 1
    return failed if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
