"""Takes over what the newest snapshot had from optional files of GBFS that cannot be read now.

Without `vehicle_types`, scooters would count as bikes for as long as that file is away, and without
`system_regions` the areas would be called by their ids.
"""

from __future__ import annotations

from typing import Any, Dict, List

from velib_assets.ingest.gbfs_document import id_text
from velib_assets.ingest.json_document import dump
from velib_assets.ingest.newest_raw import newest_raw
from velib_assets.ingest.response import Decoded, UnusableError
from velib_assets.lake.store import LakeStore

TYPES, REGIONS = "vehicle_types", "system_regions"


def with_known_files(store: LakeStore, decoded: Decoded) -> Decoded:
    """Return a decoded response, completed from the newest snapshot; `taken_over` says by which files."""
    missing = {TYPES, REGIONS} & set(decoded.gbfs.get("missing", []))
    newest = newest_raw(store) if missing else None
    if newest is None:
        return decoded
    gbfs, records, results = dict(decoded.gbfs), decoded.records, decoded.results
    taken_over: List[str] = []
    types = newest.opened.gbfs.get(TYPES)
    if TYPES in missing and isinstance(types, dict):
        gbfs[TYPES] = types
        taken_over.append(TYPES)
    regions = _regions(newest.records) if REGIONS in missing else {}
    if regions:
        try:
            completed = [_with_region(record, regions) for record in records]
            records, results = completed, dump(completed)
            taken_over.append(REGIONS)
        except UnusableError:  # larger than a snapshot may be
            pass
    if taken_over:
        gbfs["taken_over"] = taken_over
    return decoded._replace(records=records, results=results, gbfs=gbfs)


def _regions(records: List[Any]) -> Dict[str, Any]:
    regions: Dict[str, Any] = {}
    for record in records:
        region = record.get("region") if isinstance(record, dict) else None
        if isinstance(region, dict) and (key := id_text(region.get("region_id"))):
            regions.setdefault(key, region)
    return regions


def _with_region(record: Any, regions: Dict[str, Any]) -> Any:  # noqa: ANN401 - JSON is any shape
    station = record.get("information") or {}
    region = regions.get(id_text(station.get("region_id")) or "") if isinstance(station, dict) else None
    return {**record, "region": region} if region is not None else record
