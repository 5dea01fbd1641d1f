// kpi_saturation_par_arrondissement as a map of all areas, with the numbers in them.

let measure = Object.keys(MEASURES)[0];

function areaMapHeight() {
  return narrow() ? 270 : 440;
}

let redrawAreaMap = () => {};

/** Whether there are areas to compare: a station has a position and an area. */
function hasAreaMap() {
  return hasAreas && areas.length > 0;
}

/** A map of the areas with a switch of the measure; null without areas. */
function areaMap() {
  if (!hasAreaMap()) return null;
  const holder = h("div", {});
  const draw = () => {
    removeCharts(holder);
    const box = chart(() => areaMapSpec(box.clientWidth), {
      label: t("areas_label", { n: areas.length }),
      height: areaMapHeight(),
    });
    setChildren(holder, box, h("p", { class: "legend" }, measureLegend(measure)));
  };
  draw();
  redrawAreaMap = () => {
    if (holder.querySelector("canvas")?.clientWidth !== holder.clientWidth) draw();
  };
  const select = (name) => {
    measure = name;
    draw();
  };
  return h("div", {}, measureSwitch("measure", measure, select), holder);
}

function areaMapSpec(width) {
  const place = { width, height: areaMapHeight(), ...fit(areaCorners(), width, areaMapHeight()) };
  const value = ({ row }) => (row ? MEASURES[measure].text(row) : NO_VALUE);
  return {
    ...projection(place),
    data: [
      { name: "areas", values: areaValues(measure) },
      { name: "labels", values: areaLabels(place, value) },
    ],
    marks: [areaMarks(0.9), ...labelMarks()],
  };
}
