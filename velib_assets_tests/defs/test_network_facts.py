"""A run of another network says of which network its hour is, and in which version and language its feed."""

import json
import subprocess
import sys
from pathlib import Path

RUN = """
import json, sys
from pathlib import Path
from velib_assets.defs.raw_snapshot import ingest_hours
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, hour_of
from velib_assets.lake.listing import utc_now
from velib_assets.simulator.simulator import Simulator
store, hour = FolderStore(Path(sys.argv[1])), hour_of(utc_now()) - HOUR
(outcome,) = ingest_hours(store, Ingest(store, Simulator(stations=20, gbfs="2.1")), [hour], {})
metadata = {name: value for name, value in outcome.metadata.items() if isinstance(value, (str, int))}
print(json.dumps([metadata, outcome.findings["usable_snapshot"].facts]))
"""


def test_hour_of_another_network_says_what_its_feed_is(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path)],
        env={"VELIB_NETWORK": "simville", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    metadata, facts = json.loads(done.stdout.splitlines()[-1])
    said = {"network": "simville", "gbfs_version": "2.1", "gbfs_language": "fr"}
    assert facts == {"usable": 4, **said}
    assert {name: metadata[name] for name in said} == said
    assert (metadata["snapshots"], "stations_without_status" in metadata) == (4, False)
