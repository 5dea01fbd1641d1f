// The network that the page is about, and what its feed says of its stations.

const system = report.system;
const IS_VELIB = system.key === "velib";

/** The time zone of all times on the page: the network's, or UTC in a browser that does not know it. */
const ZONE = knownZone(system.time_zone);

function knownZone(zone) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return "UTC";
  }
}

/** Whether any station has a value, of some stations only. A page without stations hides nothing. */
function isKnown(field, of = () => true) {
  const asked = stations.filter(of);
  return !asked.length || asked.some((station) => (station[field] ?? null) !== null);
}

/** Which numbers the feed gives. What it leaves out is unknown, not 0, so the page has no column or chart of it. */
const known = Object.fromEntries(
  ["bikes", "docks", "capacity", "fill_rate"].map((field) => [field, isKnown(field)]),
);
// A station without bikes has none of any type, also if the feed does not say which are electric.
for (const field of ["mechanical", "ebikes"]) known[field] = isKnown(field, (station) => station.bikes !== 0);
known.saturated = known.docks || known.fill_rate;

/** Without any area, another network than Vélib' is one, and no table has a column of areas. */
const hasAreas = IS_VELIB || isKnown("arrondissement");

/** Whether all stations are places without docks of their own. */
const isVirtual = stations.length > 0 && stations.every((station) => station.is_virtual === true);

/** The network's name in a text; it may be written from right to left. */
function networkName() {
  return h("bdi", {}, system.name);
}
