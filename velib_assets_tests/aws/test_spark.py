"""Cleaning on Spark 3.5 gives the same bytes as in one process."""

import json
import os
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.keys import HOUR, STATIONS_KEY, clean_key, hour_text, hours_between, raw_key
from velib_assets_tests.aws.emulator.environments import Environments
from velib_assets_tests.aws.installed import for_python, install
from velib_assets_tests.samples import HOUR as FIRST
from velib_assets_tests.samples import raw, records

LOST = dict.fromkeys(("name", "capacity", "coordonnees_geo", "nom_arrondissement_communes"))
BOTH_WAYS = """
import json, sys
from pathlib import Path
from velib_assets.lake.keys import parse_hour
from velib_assets.clean.local_clean_job import LocalCleanJob
from velib_assets.clean.glue_job import clean_on_cluster
from velib_assets.lake.folder_store import FolderStore
ways = {"spark": clean_on_cluster, "shell": lambda store, hours: LocalCleanJob(store, 2).run(hours)}
hours = [parse_hour(text) for text in sys.argv[3:]]
results = ways[sys.argv[1]](FolderStore(Path(sys.argv[2])), hours)
print(json.dumps([result.message() for result in results]))
"""


@pytest.mark.promise("clean")
def test_spark_writes_the_same_bytes_as_one_process(
    environments: Environments, artefacts: Path, tmp_path: Path
) -> None:
    """With more hours than one task takes: one has no raw, one cannot be read, and two have no descriptions.

    The first of these two is described by an hour after it, so it is cleaned twice.
    """
    library = tmp_path / "installed"
    wheels = (artefacts / "wheels").glob("*.whl")
    install(environments.spark_python, for_python(wheels, "cp311"), library)
    hours = list(hours_between(FIRST, FIRST + 9 * HOUR))
    lakes = {way: FolderStore(tmp_path / way) for way in ("spark", "shell")}
    for number, hour in enumerate(hours[1:]):
        for store in lakes.values():
            changes = LOST if number in (1, 5) else {}
            store.create(raw_key(hour), raw(records(30 + number, **changes)).data if number else b"?")
    results = {}
    for way, store in lakes.items():
        command = [str(environments.spark_python), "-c", BOTH_WAYS, way, str(store.root)]
        done = subprocess.run(
            [*command, *map(hour_text, hours)],
            env={**os.environ, "PYTHONPATH": str(library), "PYSPARK_PYTHON": str(environments.spark_python)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        results[way] = json.loads(done.stdout.splitlines()[-1])
    assert results["spark"] == results["shell"]
    assert [part["absent"] for part in results["spark"]] == [True] + [False] * 9
    keys = [item.key for item in lakes["spark"].walk("clean/")]
    assert keys == [clean_key(hour) for hour in hours[2:]]
    assert all(lakes["spark"].read(key) == lakes["shell"].read(key) for key in [*keys, STATIONS_KEY])
    for described in (hours[2], hours[6]):
        rows = pq.read_table(lakes["spark"].open(clean_key(described)))
        assert set(rows["name"].to_pylist()) == {"Quai de l'Horloge"}
