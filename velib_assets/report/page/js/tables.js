// Tables: of numbers and words, in rows that unfold.

/**
 * @typedef {{title: string, cell: (row: any) => any, numeric?: boolean, wide?: boolean, row?: boolean}} Column
 *   `numeric` is right-aligned; `wide` is left out on a phone; `row` is the row's heading
 */

/**
 * @param {Column[]} columns
 * @param {any[]} rows
 * @param {{caption: string, first?: number}} options `first`: how many are shown before the rest is asked for
 */
function table(columns, rows, { caption, first = rows.length }) {
  const body = h("tbody");
  const classes = (column) =>
    [column.numeric && "numeric", column.wide && "wide-only"].filter(Boolean).join(" ") || null;
  const add = (some) =>
    append(
      body,
      some.map((row) =>
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
        h("caption", { class: "unseen" }, caption),
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

/** A column of the numbers in a field. Each carries its exact value. */
function counts(title, field) {
  return { title, numeric: true, cell: (row) => data(row[field], number(row[field])) };
}

/** The same of shares 0..1, shown in per cent. */
function shares(title, field) {
  return { title, numeric: true, cell: (row) => data(row[field], percent(row[field])) };
}

/** A state's mark before something, on one line with its beginning. `words` are for those who do not see it. */
function withIcon(state, words, element) {
  return h("span", { class: "with-icon" }, shapeIcon(state), h("span", { class: "unseen" }, words), element);
}

/** A station's name that opens its card, for a cell. */
function stationButton(id, name) {
  const known = stationOf.has(id);
  const text = name ?? id;
  return known
    ? h(
        "button",
        { type: "button", class: "link", "data-station": id, onclick: () => openCard(id, true) },
        text,
      )
    : text;
}
