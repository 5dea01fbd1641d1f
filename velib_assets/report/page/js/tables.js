// Tables with a button that shows the remaining rows.

/**
 * @typedef {{title: string, cell: (row: any) => any, numeric?: boolean, wide?: boolean, row?: boolean}} Column
 *   `numeric` aligns right; `wide` is hidden on phones; `row` marks the row header
 */

/**
 * @param {Column[]} columns
 * @param {any[]} rows
 * @param {{caption: string, first?: number}} options `first`: how many rows are shown initially
 */
function table(columns, rows, { caption, first = rows.length }) {
  const body = h("tbody");
  const classes = (column) =>
    [column.numeric && "numeric", column.wide && "wide-only"].filter(Boolean).join(" ") || null;
  const add = (subset) =>
    append(
      body,
      subset.map((row) =>
        h(
          "tr",
          {},
          columns.map((column) =>
            h(
              column.row ? "th" : "td",
              { class: classes(column), scope: column.row ? "row" : null },
              column.cell(row),
            ),
          ),
        ),
      ),
    );
  add(rows.slice(0, first));
  const rest = rows.slice(first);
  const more =
    rest.length > 0 &&
    h(
      "button",
      {
        type: "button",
        class: "more",
        onclick: () => {
          const at = body.rows.length;
          add(rest);
          more.remove();
          const next = body.rows[at].querySelector("button, a");
          if (next) next.focus();
        },
      },
      t("show_more", { n: rest.length }),
    );
  return h(
    "div",
    { class: "table" },
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
      h(
        "table",
        {},
        h("caption", { class: "visually-hidden" }, caption),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            columns.map((column) => h("th", { scope: "col", class: classes(column) }, column.title)),
          ),
        ),
        body,
      ),
    ),
    more,
  );
}

/** A column of numbers from a field, each with its exact value. */
function counts(title, field) {
  return { title, numeric: true, cell: (row) => dataElement(row[field], number(row[field])) };
}

/** A column of the areas, or none in a network without areas. */
function areaColumn() {
  if (!hasAreas) return [];
  return [{ title: t("arrondissement"), wide: true, cell: (row) => h("bdi", {}, areaName(row.arrondissement)) }];
}

/** The columns of counts of those fields that the feed gives. */
function knownCounts(...fields) {
  return fields.filter((field) => known[field]).map((field) => counts(t(field), field));
}

/** A column of shares 0..1, shown as percentages. */
function shares(title, field) {
  return { title, numeric: true, cell: (row) => dataElement(row[field], percent(row[field])) };
}

/** Put a state's icon before an element. `label` names the state for screen readers. */
function withIcon(state, label, element) {
  return h(
    "span",
    { class: "with-icon" },
    shapeIcon(state),
    h("span", { class: "visually-hidden" }, label),
    element,
  );
}

/** A button with the station's name that opens its card. */
function stationButton(id, name) {
  const known = stationById.has(id);
  const text = name ?? id;
  return known
    ? h(
        "button",
        { type: "button", class: "link", "data-station": id, dir: "auto", onclick: () => openCard(id, true) },
        text,
      )
    : h("bdi", {}, text);
}
