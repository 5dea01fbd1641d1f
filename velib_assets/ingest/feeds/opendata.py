"""The city's portal: every station in one request.

The export returns the whole data set in one state. The `/records` endpoint does not: the set is rewritten
every minute while a client reads its pages.
"""

from __future__ import annotations

from velib_assets.ingest.feeds.definition import NUMBER, OBJECT, TEXT, FeedDefinition, Field

EXPORT_PATH = "/api/explore/v2.1/catalog/datasets/velib-disponibilite-en-temps-reel/exports/json"

FEED = FeedDefinition(
    name="opendata",
    base_url="https://opendata.paris.fr",
    files=(("body", EXPORT_PATH),),
    setting="VELIB_OPENDATA_URL",
    fields=(
        Field("stationcode", (TEXT,), "station_id"),
        Field("name", (TEXT,), "name"),
        Field("is_installed", (TEXT,), "is_installed"),
        Field("capacity", (NUMBER,), "capacity"),
        Field("numdocksavailable", (NUMBER,), "docks"),
        Field("numbikesavailable", (NUMBER,), "bikes"),
        Field("mechanical", (NUMBER,), "mechanical"),
        Field("ebike", (NUMBER,), "ebikes"),
        Field("is_renting", (TEXT,), "is_renting"),
        Field("is_returning", (TEXT,), "is_returning"),
        Field("duedate", (TEXT,), "reported_ts"),
        Field("coordonnees_geo", (OBJECT,), members=(("lon", "lon"), ("lat", "lat"))),
        Field("nom_arrondissement_communes", (TEXT,), "commune"),
        Field("code_insee_commune", (TEXT,), required=False),
        Field("station_opening_hours", (TEXT,), required=False),
    ),
)
