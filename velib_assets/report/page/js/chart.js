// Drawing with Vega: the library is read after the first paint, and a chart is drawn once it comes into view.

/** Resolves with vegaEmbed once the page has been painted and the library read. */
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

/** The charts on the page that were drawn or wait for it: box to how it is drawn. */
const charts = new Map();

const inView = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) drawn(entry.target);
  },
  { rootMargin: "300px" },
);

/**
 * A box that draws itself once it comes into view.
 * @param {() => object} spec A Vega or Vega-Lite specification, made when it is drawn
 * @param {{label: string, height: number, onview?: (view: any) => void}} options `label` is read out
 */
function chart(spec, { label, height, onview }) {
  const box = h("div", { class: "chart", role: "img", "aria-label": label });
  box.style.minHeight = `${height}px`;
  charts.set(box, { spec, onview, view: null });
  inView.observe(box);
  return box;
}

/** Draw a chart once; data-drawn then says at what millisecond of the page's life, and tests wait for it. */
async function drawn(box) {
  const one = charts.get(box);
  inView.unobserve(box);
  if (!one || one.begun) return;
  one.begun = true;
  try {
    const embed = await library;
    const target = h("div", {});
    fill(box, target);
    const result = await embed(target, one.spec(), {
      ast: true, // expressions are interpreted: the page's policy allows no code made of text
      actions: false,
      defaultStyle: false,
      renderer: "canvas",
      tooltip: showTip,
      config: chartLook(),
      expressionFunctions: { tickLabel },
      formatLocale: numberLocale(),
    });
    if (!charts.has(box)) {
      result.finalize();
      return;
    }
    one.view = result;
    if (one.onview) one.onview(result.view);
    box.dataset.drawn = Math.round(performance.now());
  } catch (error) {
    console.error(error);
    fill(box, h("p", { class: "quiet" }, t("failed")));
  }
}

/** Forget all charts inside an element that is about to be emptied. */
function forgetCharts(root) {
  for (const [box, one] of charts) {
    if (!root.contains(box)) continue;
    inView.unobserve(box);
    charts.delete(box);
    if (one.view) one.view.finalize();
  }
}
