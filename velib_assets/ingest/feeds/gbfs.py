"""The operator's GBFS feed: descriptions in one file, states in the other.

A record is `{"information": …, "status": …}`, joined when the response is decoded.
"""

from __future__ import annotations

from velib_assets.ingest.feed_info import GBFS_PARTS
from velib_assets.ingest.feeds.definition import BOOLEAN, LIST, NUMBER, TEXT, FeedDefinition, Field

GBFS_PATH = "/opendata/Velib_Metropole"
_FLAG = (NUMBER, TEXT, BOOLEAN)

FEED = FeedDefinition(
    name="gbfs",
    base_url="https://velib-metropole-opendata.smovengo.cloud",
    files=tuple((part, f"{GBFS_PATH}/{part}.json") for part in GBFS_PARTS),
    setting="VELIB_GBFS_URL",
    fields=(
        Field("status.stationCode", (TEXT,), "station_id"),
        Field("information.stationCode", (TEXT,), "station_id"),
        Field("information.name", (TEXT,), "name"),
        Field("information.lat", (NUMBER,), "lat"),
        Field("information.lon", (NUMBER,), "lon"),
        Field("information.capacity", (NUMBER,), "capacity"),
        Field("status.is_installed", _FLAG, "is_installed"),
        Field("status.is_renting", _FLAG, "is_renting"),
        Field("status.is_returning", _FLAG, "is_returning"),
        Field("status.last_reported", (NUMBER,), "reported_ts"),
        Field(
            "status.num_bikes_available_types",
            (LIST,),
            members=(("mechanical", "mechanical"), ("ebike", "ebikes")),
        ),
        Field("status.num_bikes_available", (NUMBER,), "bikes", required=False),
        Field("status.numBikesAvailable", (NUMBER,), "bikes", required=False),
        Field("status.num_docks_available", (NUMBER,), "docks", required=False),
        Field("status.numDocksAvailable", (NUMBER,), "docks", required=False),
        Field("information.station_id", (NUMBER, TEXT)),
        Field("status.station_id", (NUMBER, TEXT)),
        Field("information.rental_methods", (LIST,), required=False),
        Field("information.station_opening_hours", (TEXT,), required=False),
        Field("status.station_opening_hours", (TEXT,), required=False),  # null everywhere since autumn 2025
    ),
)
