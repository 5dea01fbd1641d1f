"""Real feeds: small cuttings beside this file, and whole ones where a folder has them.

GBFS_FEEDS is that folder; its default is `shared/data/gbfs` beside the checkout. What the recordings lack, a
discovery document and the system's description, is made here.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
CUTTINGS = HERE / "cuttings"
WHOLE = Path(os.environ.get("GBFS_FEEDS", "") or HERE.parents[2] / "shared" / "data" / "gbfs")
VELIB = "velib-2024-11"

_SYSTEMS = {
    "bay-wheels-1.0": ("fgb", "Bay Wheels", "en", "America/Los_Angeles"),
    "boulder-1.1": ("bcycle_boulder", "Boulder BCycle", "en", "America/Denver"),
    "rouen-2.3": ("lovelo-rouen", "LOVÉLO Rouen", "fr", "Europe/Paris"),
    VELIB: ("Paris", "Vélib' Métropole", "fr", "Europe/Paris"),
}
_REGIONS = {
    "bay-wheels-1.0": {
        "3": "San Francisco",
        "5": "San Jose",
        "12": "Oakland",
        "13": "Emeryville",
        "14": "Berkeley",
    }
}


class RealFeed(NamedTuple):
    """A feed: the name of its recording, whether it is whole, and its files, parsed."""

    recording: str
    is_whole: bool
    documents: dict[str, Any]

    @property
    def newest(self) -> datetime:
        """When the newest report was, UTC."""
        return datetime.fromtimestamp(max(station["last_reported"] for station in self.statuses), UTC)

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """The entries of station_status."""
        found: list[dict[str, Any]] = self.documents["station_status"]["data"]["stations"]
        return found

    @property
    def system(self) -> tuple[str, str, str, str]:
        """The system's id, name, language and time zone."""
        return _SYSTEMS[self.recording]

    def shifted_to(self, moment: datetime) -> RealFeed:
        """Return the feed as if its newest report was at `moment` (UTC)."""
        seconds = (moment - self.newest) // timedelta(seconds=1)
        status = json.loads(json.dumps(self.documents["station_status"]))
        for station in status["data"]["stations"]:
            station["last_reported"] += seconds
        return self._replace(documents={**self.documents, "station_status": status})

    def bodies(self, base_url: str) -> dict[str, bytes]:
        """Return the files with a discovery document, below a URL without a trailing slash."""
        system_id, name, language, zone = self.system
        version = self.documents["station_status"].get("version")
        said = {"last_updated": 1, "ttl": 60, **({"version": version} if version else {})}
        data = {"system_id": system_id, "name": name, "language": language, "timezone": zone}
        documents = {"system_information": {**said, "data": data}, **self.documents}
        if regions := _REGIONS.get(self.recording):
            listed = [{"region_id": key, "name": area} for key, area in regions.items()]
            documents["system_regions"] = {**said, "data": {"regions": listed}}
        feeds = [{"name": each, "url": f"{base_url}/{each}.json"} for each in documents]
        documents["gbfs"] = {**said, "data": {language: {"feeds": feeds}}}
        return {each: json.dumps(file, ensure_ascii=False).encode() for each, file in documents.items()}


def real_feeds() -> Iterator[RealFeed]:
    """Yield the cuttings, then the whole feeds that are there."""
    for recording in _SYSTEMS:
        yield RealFeed(recording, False, json.loads((CUTTINGS / f"{recording}.json").read_bytes()))
    for recording in _SYSTEMS:
        files = sorted((WHOLE / recording).glob("*.json.gz"))
        documents = {
            path.name.partition(".")[0]: json.loads(gzip.decompress(path.read_bytes())) for path in files
        }
        if documents:
            yield RealFeed(recording, True, documents)
