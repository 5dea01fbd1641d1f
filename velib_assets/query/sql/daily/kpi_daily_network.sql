-- One row per local day: the sums over the stations, what is known of the day, and the ten worst stations.
-- A snapshot is complete if it has at least 80 % of the rows of the largest one of the day and the day before.
WITH ${readings},
two_days AS (
    SELECT station_id, ingested_ts, ingested_ts >= ${day_start} AS in_day, coalesce(${in_operation}, false) AS operating,
        fill_rate
    FROM velib_history
    WHERE ${history_days}
        AND ingested_ts >= ${before_start}
        AND ingested_ts < ${day_end}
),
sizes AS (
    SELECT ingested_ts, in_day, count(*) AS size,
        avg(fill_rate ORDER BY station_id) FILTER (WHERE operating) AS mean_fill_rate
    FROM two_days
    GROUP BY ingested_ts, in_day
),
complete AS (
    SELECT *
    FROM sizes
    WHERE 10 * size >= 8 * (SELECT max(size) FROM sizes)
),
network_snapshots AS (
    SELECT
        count(*) AS snapshots,
        count(DISTINCT date_diff('millisecond', ${day_start}, ingested_ts) / 900000) AS slots_stored
    FROM sizes
    WHERE in_day
),
known AS (
    SELECT
        count(*) FILTER (WHERE in_day) > 0 AND count(*) FILTER (WHERE NOT in_day) > 0 AS both_days,
        min(mean_fill_rate) FILTER (WHERE in_day) AS min_fill_rate,
        max(mean_fill_rate) FILTER (WHERE in_day) AS max_fill_rate
    FROM complete
),
presence AS (
    SELECT
        count(*) FILTER (WHERE NOT was_seen) AS opened,
        count(*) FILTER (WHERE NOT is_seen) AS closed
    FROM (
        SELECT station_id, bool_or(in_day) AS is_seen, bool_or(NOT in_day) AS was_seen
        FROM two_days
        GROUP BY station_id
    )
),
totals AS (
    SELECT
        count(*) AS stations,
        count(*) FILTER (WHERE fresh_snapshots = 0) AS stations_silent,
        sum(snapshots) AS station_snapshots,
        sum(covered) / 60000e0 AS minutes_covered,
        sum(operated) / 60000e0 AS minutes_in_operation,
        sum(short) / 60000e0 AS minutes_short,
        sum(saturated) / 60000e0 AS minutes_saturated,
        sum(stale) / 60000e0 AS minutes_stale,
        CASE WHEN sum(${filled_time}) > 0 THEN sum(filled ORDER BY station_id) / sum(${filled_time}) END AS avg_fill_rate,
        CASE WHEN sum(bike_time) > 0 THEN sum(ebike_time) / CAST(sum(bike_time) AS double) END AS ebike_share,
        sum(arrivals) AS arrivals_at_least,
        sum(departures) AS departures_at_least,
        sum(compared) / 60000e0 AS minutes_compared,
        sum(first_bikes) AS first_bikes,
        sum(last_bikes) AS last_bikes,
        array_join(array_agg(station_id ORDER BY place) FILTER (WHERE place <= 10), ', ') AS worst_stations
    FROM ranked
)
SELECT
    stations,
    CASE WHEN both_days THEN opened END AS stations_opened,
    CASE WHEN both_days THEN closed END AS stations_closed,
    stations_silent,
    slots_stored,
    ${slots} AS slots,
    slots_stored / CAST(${slots} AS double) AS coverage,
    network_snapshots.snapshots,
    station_snapshots,
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
    minutes_compared,
    first_bikes,
    last_bikes,
    worst_stations
FROM totals
CROSS JOIN network_snapshots
CROSS JOIN known
CROSS JOIN presence
WHERE stations > 0
