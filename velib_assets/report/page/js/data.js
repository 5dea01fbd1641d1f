// The report's data: its types, and functions to read it.

/**
 * @typedef {"ok"|"short"|"saturated"|"stale"|"closed"|"unknown"} StationState
 * @typedef {{index: number, id: string, name: ?string, commune: ?string, arrondissement: ?string, lat: ?number,
 *   lon: ?number, capacity: ?number, bikes: ?number, mechanical: ?number, ebikes: ?number, docks: ?number,
 *   fill_rate: ?number, is_virtual: ?boolean, is_renting: ?boolean, is_returning: ?boolean, reported_ts: ?string,
 *   state: StationState}} Station
 * @typedef {{ts: string, stations: number, bikes: number, mechanical: number, ebikes: number, docks: number,
 *   in_operation: number, short: number, saturated: number, stale: number}} Totals
 * @typedef {{columns: string[], rows: any[][]}} Rows
 */

const report = JSON.parse(document.getElementById("data").textContent);

/** Convert an object of columns into an array of row objects. */
function fromColumns(columns) {
  const names = Object.keys(columns);
  const length = names.length ? columns[names[0]].length : 0;
  return Array.from({ length }, (_, index) => {
    const row = { index };
    for (const name of names) row[name] = columns[name][index];
    return row;
  });
}

/** @type {Station[]} */
const stations = fromColumns(report.stations);

/** @type {Map<string, Station>} */
const stationById = new Map(stations.map((station) => [station.id, station]));

/** The station's name, or its code if the feed has no name. */
function stationName(station) {
  return station.name ?? station.id;
}

/** A view's rows as objects; empty for an empty lake. */
function kpiRows(name) {
  const kpi = report.kpis[name];
  if (!kpi) return [];
  return kpi.rows.map((row) => Object.fromEntries(kpi.columns.map((column, k) => [column, row[k]])));
}

const MINUTE = 60000;
const QUARTER = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const LONGEST_STEP = 45 * MINUTE;

/** Convert a time of the data to milliseconds since 1970, or null. */
function millis(time) {
  return time ? Date.parse(time) : null;
}

/**
 * Convert a time series to the points of a line. Where snapshots are missing for longer than `longest` (by default 45
 * minutes), a point with null values breaks the line. A point without neighbours is `isolated`, because no line shows it.
 */
function withGaps(times, valuesAt, longest = LONGEST_STEP) {
  const points = [];
  times.forEach((time, k) => {
    const at = millis(time);
    const before = k ? millis(times[k - 1]) : at;
    if (at - before > longest) points.push({ at: before + 1, ...blankValues(valuesAt(k)) });
    const isolated = !isNear(times[k - 1], at, longest) && !isNear(times[k + 1], at, longest);
    points.push({ at, isolated, ...valuesAt(k) });
  });
  return points;
}

function isNear(time, at, longest) {
  return time !== undefined && Math.abs(millis(time) - at) <= longest;
}

function blankValues(values) {
  return Object.fromEntries(Object.keys(values).map((name) => [name, null]));
}
