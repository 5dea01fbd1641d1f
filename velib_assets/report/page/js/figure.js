// A figure: heading, summary sentence, chart, data table and downloads.

/**
 * @param {object} parts
 * @param {string} parts.id The element's id
 * @param {string} parts.title
 * @param {?string} [parts.name] The view's name, shown below the title
 * @param {*} [parts.lead] The summary sentence
 * @param {*} parts.content One or more elements; null if there is no data yet
 * @param {string} [parts.nothing] Key of the message shown if there is no data
 * @param {() => Element} [parts.table] Creates the data table when it is opened
 * @param {string[]} [parts.exports] Names of the downloads
 */
function figure({ id, title, name = null, lead = null, content, nothing = "no_data", table, exports = [] }) {
  const heading = `${id}-title`;
  return h(
    "article",
    { class: "figure", id, "aria-labelledby": heading },
    h("h3", { id: heading }, title),
    name && h("p", { class: "name" }, name),
    content === null
      ? h("p", { class: "quiet" }, t(nothing))
      : [lead && h("p", { class: "lead" }, lead), content],
    h(
      "div",
      { class: "below" },
      content !== null && table && disclosure(t("as_table"), table),
      downloads(exports),
    ),
  );
}

/** Create a <details> element that creates its content when it is first opened. */
function disclosure(summary, make, name = "") {
  const details = h("details", { class: `disclosure ${name}` }, h("summary", {}, summary));
  details.addEventListener("toggle", () => details.append(make()), { once: true });
  return details;
}

/** Links to the CSV and Parquet files of those exports that the report has. */
function downloads(names) {
  const files = report.exports.filter((entry) => names.includes(entry.name));
  if (!files.length) return null;
  return h(
    "p",
    { class: "downloads" },
    t("download"),
    " ",
    files.map((entry) =>
      h(
        "span",
        { class: "download" },
        h("span", { class: "file" }, entry.name),
        " ",
        h("a", { href: entry.csv, download: "", "aria-label": `${entry.title}, CSV` }, "CSV"),
        " ",
        h("a", { href: entry.parquet, download: "", "aria-label": `${entry.title}, Parquet` }, "Parquet"),
        " ",
        h("span", { class: "quiet" }, t("rows", { n: entry.rows })),
      ),
    ),
  );
}

/** A legend: one coloured square or line per label. */
function legend(entries) {
  return h(
    "ul",
    { class: "chart-legend" },
    entries.map(([swatch, label]) =>
      h("li", {}, h("span", { class: `swatch ${swatch}`, "aria-hidden": "true" }), label),
    ),
  );
}

/**
 * A group of radio buttons.
 * @param {{title: string, name: string, options: [string, string][], selected: string}} group `options` are pairs
 *   of value and label
 * @param {(value: string) => void} select Called with the new value
 */
function radioGroup({ title, name, options, selected }, select) {
  return h(
    "fieldset",
    { class: "choice" },
    h("legend", {}, title),
    options.map(([value, label]) =>
      h(
        "label",
        { class: "check" },
        h("input", {
          type: "radio",
          name,
          value,
          checked: value === selected,
          onchange: () => select(value),
        }),
        label,
      ),
    ),
  );
}
