-- Each snapshot of a station counts until the station's next one, at most 30 minutes, within the local day. The
-- last snapshot before the day counts into it.
steps AS (
    SELECT
        station_id,
        name,
        arrondissement,
        ingested_ts,
        ingested_ts >= ${day_start} AS in_day,
        coalesce(${in_operation}, false) AS operating,
        coalesce(${short}, false) AS is_short,
        coalesce(${saturated}, false) AS is_saturated,
        is_stale,
        fill_rate,
        bikes,
        CASE WHEN mechanical IS NOT NULL THEN ebikes END AS ebikes,
        mechanical + ebikes AS typed_bikes,
        lag(bikes) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_bikes,
        lag(ingested_ts) OVER (PARTITION BY station_id ORDER BY ingested_ts) AS before_ts,
        CASE WHEN ingested_ts >= ${day_start} THEN ingested_ts ELSE ${day_start} END AS from_ts,
        coalesce(lead(ingested_ts) OVER (PARTITION BY station_id ORDER BY ingested_ts), ${day_end}) AS next_ts
    FROM velib_history
    WHERE ${history_days}
        AND ingested_ts >= ${day_start} - INTERVAL '30' MINUTE
        AND ingested_ts < ${day_end}
),
capped AS (
    SELECT
        steps.*,
        CASE WHEN next_ts <= ingested_ts + INTERVAL '30' MINUTE THEN next_ts
            ELSE ingested_ts + INTERVAL '30' MINUTE END AS capped_ts,
        in_day AND before_ts >= ingested_ts - INTERVAL '30' MINUTE
            AND bikes IS NOT NULL AND before_bikes IS NOT NULL AS is_compared
    FROM steps
),
readings AS (
    SELECT
        capped.*,
        CASE
            WHEN capped_ts <= from_ts THEN 0
            WHEN capped_ts <= ${day_end} THEN date_diff('millisecond', from_ts, capped_ts)
            ELSE date_diff('millisecond', from_ts, ${day_end})
        END AS milliseconds
    FROM capped
),
stations_of_day AS (
    SELECT
        station_id,
        max_by(name, ingested_ts) FILTER (WHERE name IS NOT NULL) AS name,
        max_by(arrondissement, ingested_ts) FILTER (WHERE arrondissement IS NOT NULL) AS arrondissement,
        count(*) FILTER (WHERE in_day) AS snapshots,
        count(*) FILTER (WHERE in_day AND NOT is_stale) AS fresh_snapshots,
        sum(milliseconds) AS covered,
        coalesce(sum(milliseconds) FILTER (WHERE operating), 0) AS operated,
        coalesce(sum(milliseconds) FILTER (WHERE is_short), 0) AS short,
        coalesce(sum(milliseconds) FILTER (WHERE is_saturated), 0) AS saturated,
        coalesce(sum(milliseconds) FILTER (WHERE is_stale), 0) AS stale,
        sum(fill_rate * milliseconds ORDER BY ingested_ts) FILTER (WHERE operating) AS filled,${filled_time_column}
        min(fill_rate) FILTER (WHERE operating AND milliseconds > 0) AS min_fill_rate,
        max(fill_rate) FILTER (WHERE operating AND milliseconds > 0) AS max_fill_rate,
        coalesce(sum(ebikes * milliseconds) FILTER (WHERE operating), 0) AS ebike_time,
        coalesce(sum(typed_bikes * milliseconds) FILTER (WHERE operating), 0) AS bike_time,
        coalesce(sum(bikes - before_bikes) FILTER (WHERE is_compared AND bikes > before_bikes), 0) AS arrivals,
        coalesce(sum(before_bikes - bikes) FILTER (WHERE is_compared AND bikes < before_bikes), 0) AS departures,
        coalesce(sum(date_diff('millisecond', before_ts, ingested_ts)) FILTER (WHERE is_compared), 0) AS compared,
        min_by(bikes, ingested_ts) FILTER (WHERE in_day AND bikes IS NOT NULL) AS first_bikes,
        max_by(bikes, ingested_ts) FILTER (WHERE in_day AND bikes IS NOT NULL) AS last_bikes
    FROM readings
    GROUP BY station_id
    HAVING count(*) FILTER (WHERE in_day) > 0
),
ranked AS (
    SELECT
        stations_of_day.*,
        CASE WHEN short + saturated > 0
            THEN row_number() OVER (ORDER BY short + saturated DESC, station_id) END AS place
    FROM stations_of_day
)
