"""The script of the Glue job: puts the pinned boto3 first on the path, sets the network, and runs the job."""

import os
import re
import sys
from importlib.metadata import distributions

# The shell's own boto3 is older, and may come first or be loaded; conditional writes need the pinned one.
homes = {
    tuple(map(int, re.findall("[0-9]+", installed.version))): str(installed.locate_file(""))
    for installed in distributions(name="boto3")
}
sys.path[:0] = [homes[version] for version in sorted(homes)[-1:]]
for name in [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore", "s3transfer")]:
    del sys.modules[name]

# A Glue job has no environment of its own. The library reads the network when it is imported.
if "--network" in sys.argv:
    os.environ["VELIB_NETWORK"] = sys.argv[sys.argv.index("--network") + 1]

from velib_assets.clean.glue_job import run  # noqa: E402 - needs the pinned boto3 and the network

run()
