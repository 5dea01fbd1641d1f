// A view without a chart of its own: its rows as a table.

function renderView({ name, title }) {
  const rows = kpiRows(name);
  const columns = report.kpis[name].columns.map((column, k) => ({
    title: column,
    row: k === 0,
    cell: (row) => String(row[column] ?? ""),
  }));
  return figure({
    id: name,
    title,
    name,
    content: rows.length ? table(columns, rows, { caption: title, first: 10 }) : null,
    exports: [name],
  });
}
