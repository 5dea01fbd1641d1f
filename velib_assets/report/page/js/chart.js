// Draws charts with Vega. The library is loaded after the first paint; a chart is drawn when it scrolls into view.

/** Resolves to vegaEmbed once the page has been painted and the library loaded. */
const library = new Promise((resolve, reject) => {
  requestAnimationFrame(() =>
    setTimeout(() => {
      try {
        const script = document.createElement("script");
        script.textContent = document.getElementById("vega").textContent;
        document.head.append(script);
        resolve(window.vegaEmbed);
      } catch (error) {
        reject(error);
      }
    }),
  );
});

/** All charts on the page, drawn or waiting: container element to state. */
const charts = new Map();

const inView = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) drawChart(entry.target);
  },
  { rootMargin: "300px" },
);

/**
 * Create a container that draws its chart when it scrolls into view.
 * @param {() => object} spec Returns a Vega or Vega-Lite specification; called when the chart is drawn
 * @param {{label: string, height: number, onview?: (view: any) => void}} options `label` is for screen readers
 */
function chart(spec, { label, height, onview }) {
  const box = h("div", { class: "chart", role: "img", "aria-label": label });
  box.style.minHeight = `${height}px`;
  charts.set(box, { spec, onview, view: null });
  inView.observe(box);
  return box;
}

/** Draw a chart once, then set data-drawn to the milliseconds since the page was opened. Tests wait for it. */
async function drawChart(box) {
  const entry = charts.get(box);
  inView.unobserve(box);
  if (!entry || entry.started) return;
  entry.started = true;
  try {
    const embed = await library;
    const target = h("div", {});
    setChildren(box, target);
    const result = await embed(target, entry.spec(), {
      ast: true, // interpret expressions: the page's policy forbids generated code
      actions: false,
      defaultStyle: false,
      renderer: "canvas",
      tooltip: showTooltip,
      config: chartConfig(),
      expressionFunctions: { hourLabel, tickLabel },
      formatLocale: numberLocale(),
    });
    if (!charts.has(box)) {
      result.finalize();
      return;
    }
    entry.view = result;
    if (entry.onview) entry.onview(result.view);
    box.dataset.drawn = Math.round(performance.now());
  } catch (error) {
    console.error(error);
    setChildren(box, h("p", { class: "quiet" }, t("failed")));
  }
}

/** Remove all charts inside an element that is about to be emptied. */
function removeCharts(root) {
  for (const [box, entry] of charts) {
    if (!root.contains(box)) continue;
    inView.unobserve(box);
    charts.delete(box);
    if (entry.view) entry.view.finalize();
  }
}
