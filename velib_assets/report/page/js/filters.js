// What the reader looks for: the filters, their state, and which stations pass them.

const filters = { bike: false, ebike: false, dock: false, arrondissement: "", text: "", chosen: null };

const WANTED = { bike: ["bikes", "a_bike"], ebike: ["ebikes", "an_ebike"], dock: ["docks", "a_dock"] };

/** Text for comparing: without case and accents, so that `republique` finds République. */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

const searchable = stations.map((station) =>
  plain(`${station.name === null ? "" : station.name} ${station.id}`),
);

/** @param {Station} station */
function isShown(station) {
  return (
    Object.entries(WANTED).every(([name, [field]]) => !filters[name] || station[field] > 0) &&
    (!filters.arrondissement || placeKey(station) === filters.arrondissement) &&
    (!filters.text || searchable[station.index].includes(plain(filters.text.trim())))
  );
}

function placeKey(station) {
  return station.arrondissement === null ? "?" : `=${station.arrondissement}`;
}

function shownStations() {
  return stations.filter(isShown);
}

function chosenStation() {
  return filters.chosen === null ? null : stationOf.get(filters.chosen) || null;
}

/** Paris's arrondissements by their number, then the communes by their name. */
function byPlace(a, b) {
  const paris = (name) => Number((/^Paris (\d+)/.exec(name || "") || [0, 1000])[1]);
  return paris(a) - paris(b) || String(a || "~").localeCompare(String(b || "~"), "fr");
}

/** The form above the list. `changed` is told whether the map should aim anew. */
function renderFilters(changed) {
  const places = [...new Set(stations.map((station) => station.arrondissement))].sort(byPlace);
  const box = (name, [, words]) =>
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
      t(words),
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
    places.map((name) => h("option", { value: name === null ? "?" : `=${name}` }, place(name))),
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
    h("label", { class: "field" }, t("arrondissement"), select),
    h(
      "fieldset",
      {},
      h("legend", {}, t("at_least_one")),
      Object.entries(WANTED).map(([name, parts]) => box(name, parts)),
    ),
  );
}
