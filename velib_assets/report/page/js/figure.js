// A picture with what belongs to it: heading, a sentence, the picture, its table, its data to download.

/**
 * @param {object} parts
 * @param {string} parts.id Names the figure for links and tests
 * @param {string} parts.title
 * @param {?string} [parts.name] The view's own name, shown below the title
 * @param {*} [parts.lead] What it says, in a sentence
 * @param {*} parts.picture One or several elements; null: there is nothing to show yet
 * @param {string} [parts.nothing] The key of the words for that
 * @param {() => Element} [parts.table] The same as a table, made when it is opened
 * @param {string[]} [parts.exports] Names of the exports behind it
 */
function figure({ id, title, name = null, lead = null, picture, nothing = "no_data", table, exports = [] }) {
  const heading = `${id}-title`;
  return h(
    "article",
    { class: "figure", id, "aria-labelledby": heading },
    h("h3", { id: heading }, title),
    name && h("p", { class: "name" }, name),
    picture === null
      ? h("p", { class: "quiet" }, t(nothing))
      : [lead && h("p", { class: "lead" }, lead), picture],
    h(
      "div",
      { class: "below" },
      picture !== null && table && unfolded(t("as_table"), table),
      downloads(exports),
    ),
  );
}

/** A details element that makes its content when it is first opened. */
function unfolded(summary, make, name = "") {
  const details = h("details", { class: `unfolded ${name}` }, h("summary", {}, summary));
  details.addEventListener("toggle", () => details.append(make()), { once: true });
  return details;
}

/** Links to the CSV and Parquet files behind a picture, as far as the report has them. */
function downloads(names) {
  const found = report.exports.filter((one) => names.includes(one.name));
  if (!found.length) return null;
  return h(
    "p",
    { class: "downloads" },
    t("download"),
    " ",
    found.map((one) =>
      h(
        "span",
        { class: "download" },
        h("span", { class: "file" }, one.name),
        " ",
        h("a", { href: one.csv, download: "", "aria-label": `${one.title}, CSV` }, "CSV"),
        " ",
        h("a", { href: one.parquet, download: "", "aria-label": `${one.title}, Parquet` }, "Parquet"),
        " ",
        h("span", { class: "quiet" }, t("rows", { n: one.rows })),
      ),
    ),
  );
}

/** A small key: a coloured square (or line) and its words. */
function key(entries) {
  return h(
    "ul",
    { class: "key" },
    entries.map(([swatch, words]) =>
      h("li", {}, h("span", { class: `swatch ${swatch}`, "aria-hidden": "true" }), words),
    ),
  );
}
