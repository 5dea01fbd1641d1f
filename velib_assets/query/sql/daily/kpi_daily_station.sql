-- One row per station per local day. A share, and a mean fill rate, are weighted by the time in operation.
WITH ${readings}
SELECT
    station_id,
    name,
    arrondissement,
    snapshots,
    covered / 60000e0 AS minutes_covered,
    operated / 60000e0 AS minutes_in_operation,
    short / 60000e0 AS minutes_short,
    saturated / 60000e0 AS minutes_saturated,
    stale / 60000e0 AS minutes_stale,
    CASE WHEN ${filled_time} > 0 THEN filled / ${filled_time} END AS avg_fill_rate,
    min_fill_rate,
    max_fill_rate,
    CASE WHEN bike_time > 0 THEN ebike_time / CAST(bike_time AS double) END AS ebike_share,
    arrivals AS arrivals_at_least,
    departures AS departures_at_least,
    compared / 60000e0 AS minutes_compared,
    first_bikes,
    last_bikes,
    place AS "rank"
FROM ranked
ORDER BY station_id
