-- One row per stored local day. The station's values are null on a day without a snapshot that has the station.
WITH network AS (
    SELECT "date", slots_stored, slots
    FROM kpi_daily_network
    WHERE ${days}
),
station AS (
    SELECT *
    FROM kpi_daily_station
    WHERE ${days}
        AND station_id = ${station_id}
)
SELECT
    network."date" AS "date",
    slots_stored,
    slots,
    snapshots,
    minutes_covered,
    minutes_in_operation,
    minutes_short,
    minutes_saturated,
    minutes_stale,
    avg_fill_rate,
    min_fill_rate,
    max_fill_rate,
    ebike_share,
    arrivals_at_least,
    departures_at_least,
    first_bikes,
    last_bikes,
    "rank"
FROM network
LEFT JOIN station ON station."date" = network."date"
ORDER BY network."date"
