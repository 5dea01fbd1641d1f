// The station filters: their state, the form, and which stations match.

const filters = { bike: false, ebike: false, dock: false, arrondissement: "", text: "", chosen: null };

const AVAILABILITY = Object.fromEntries(
  Object.entries({ bike: ["bikes", "a_bike"], ebike: ["ebikes", "an_ebike"], dock: ["docks", "a_dock"] }).filter(
    ([, [field]]) => known[field],
  ),
);

/** Normalise text for search: without case and accents, so `republique` matches République. */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

const searchable = stations.map((station) =>
  plain(`${station.name === null ? "" : station.name} ${station.id}`),
);

/** @param {Station} station */
function isShown(station) {
  return (
    Object.entries(AVAILABILITY).every(([name, [field]]) => !filters[name] || station[field] > 0) &&
    (!filters.arrondissement || areaKey(station) === filters.arrondissement) &&
    (!filters.text || searchable[station.index].includes(plain(filters.text.trim())))
  );
}

function areaKey(station) {
  return station.arrondissement === null ? "?" : `=${station.arrondissement}`;
}

function shownStations() {
  return stations.filter(isShown);
}

function chosenStation() {
  return filters.chosen === null ? null : stationById.get(filters.chosen) || null;
}

/** Sort areas by name, numbers in them by size; first those of Paris, and last the stations without an area. */
function byArea(a, b) {
  const rank = (name) => (name === null ? 2 : IS_VELIB && /^Paris \d/.test(name) ? 0 : 1);
  return rank(a) - rank(b) || String(a).localeCompare(String(b), "fr", { numeric: true });
}

/** The filter form. It calls `changed` with whether the map should zoom to the matching stations. */
function renderFilters(changed) {
  const areas = [...new Set(stations.map((station) => station.arrondissement))].sort(byArea);
  const box = (name, [, label]) =>
    h(
      "label",
      { class: "check" },
      h("input", {
        type: "checkbox",
        id: `filter-${name}`,
        checked: filters[name],
        onchange: (event) => {
          filters[name] = event.target.checked;
          changed(false);
        },
      }),
      t(label),
    );
  const select = h(
    "select",
    {
      id: "filter-arrondissement",
      onchange: (event) => {
        filters.arrondissement = event.target.value;
        changed(true);
      },
    },
    h("option", { value: "" }, t("everywhere")),
    areas.map((name) => h("option", { value: name === null ? "?" : `=${name}` }, areaName(name))),
  );
  select.value = filters.arrondissement;
  return h(
    "form",
    {
      class: "filters",
      role: "search",
      "aria-label": t("filters"),
      onsubmit: (event) => {
        event.preventDefault();
        const first = shownStations()[0];
        if (first) openCard(first.id, true);
      },
    },
    h(
      "label",
      { class: "field" },
      t("search"),
      h("input", {
        type: "search",
        id: "search",
        placeholder: t("search_hint"),
        value: filters.text,
        autocomplete: "off",
        oninput: (event) => {
          filters.text = event.target.value;
          changed(false);
        },
      }),
    ),
    hasAreas && h("label", { class: "field" }, t("arrondissement"), select),
    h(
      "fieldset",
      {},
      h("legend", {}, t("at_least_one")),
      Object.entries(AVAILABILITY).map(([name, parts]) => box(name, parts)),
    ),
  );
}
