// The data inside the page: its shapes, and reading them. Here: nothing about looks or words.

/**
 * @typedef {"ok"|"short"|"saturated"|"stale"|"closed"|"unknown"} StationState
 * @typedef {{index: number, id: string, name: ?string, commune: ?string, arrondissement: ?string, lat: ?number,
 *   lon: ?number, capacity: ?number, bikes: ?number, mechanical: ?number, ebikes: ?number, docks: ?number,
 *   fill_rate: ?number, is_renting: ?boolean, is_returning: ?boolean, reported_ts: ?string,
 *   state: StationState}} Station
 * @typedef {{ts: string, stations: number, bikes: number, mechanical: number, ebikes: number, docks: number,
 *   in_operation: number, short: number, saturated: number, stale: number}} Totals
 * @typedef {{columns: string[], rows: any[][]}} Rows
 */

const report = JSON.parse(document.getElementById("data").textContent);

/** Rows of objects out of an object of columns. */
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
const stationOf = new Map(stations.map((station) => [station.id, station]));

/** What to call a station; the feed may leave its name out. */
function nameOf(station) {
  return station.name ?? station.id;
}

/** A view's rows as objects; none where the lake is empty. */
function kpiRows(name) {
  const kpi = report.kpis[name];
  if (!kpi) return [];
  return kpi.rows.map((row) => Object.fromEntries(kpi.columns.map((column, k) => [column, row[k]])));
}

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const LONGEST_STEP = 45 * MINUTE;

/** Milliseconds since 1970 of a time of the data, or null. */
function millis(time) {
  return time ? Date.parse(time) : null;
}

/**
 * The network's last 24 hours as points for a line, with an empty one wherever snapshots are missing for more
 * than 45 minutes: a line must not cross what nobody saw. One with none near it is `alone`: no line shows it.
 */
function overTheDay(times, valuesAt) {
  const points = [];
  times.forEach((time, k) => {
    const at = millis(time);
    const before = k ? millis(times[k - 1]) : at;
    if (at - before > LONGEST_STEP) points.push({ at: before + 1, ...emptied(valuesAt(k)) });
    const alone = !near(times[k - 1], at) && !near(times[k + 1], at);
    points.push({ at, alone, ...valuesAt(k) });
  });
  return points;
}

function near(time, at) {
  return time !== undefined && Math.abs(millis(time) - at) <= LONGEST_STEP;
}

function emptied(values) {
  return Object.fromEntries(Object.keys(values).map((name) => [name, null]));
}
