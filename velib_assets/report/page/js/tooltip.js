// The tooltip beside the pointer.

const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });

/** Tooltip handler for Vega. `value` is plain text with one line per row of the tooltip. */
function showTooltip(_handler, event, _item, value) {
  if (value === null || value === undefined || value === "") {
    tip.hidden = true;
    return;
  }
  if (!tip.isConnected) document.body.append(tip);
  setChildren(
    tip,
    String(value)
      .split("\n")
      .map((line) => h("div", {}, line)),
  );
  tip.hidden = false;
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const x = Math.min(event.clientX + 14, document.documentElement.clientWidth - width - 4);
  const y = event.clientY + height + 24 > innerHeight ? event.clientY - height - 10 : event.clientY + 16;
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${Math.max(4, y)}px`;
}
