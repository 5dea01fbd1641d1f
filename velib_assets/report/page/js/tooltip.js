// The small box beside the pointer. It shows lines of text, as text.

const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });

/** For Vega: `value` is what a mark gives as its tooltip, lines parted by newlines. */
function showTip(_handler, event, _item, value) {
  if (value === null || value === undefined || value === "") {
    tip.hidden = true;
    return;
  }
  if (!tip.isConnected) document.body.append(tip);
  fill(
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
