// Interpolates colours and picks a readable text colour.

/** Parse `#rrggbb` into three numbers 0..255. */
function channels(hex) {
  return [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

/** The colour at a position 0..1 on a ramp of evenly spaced `#rrggbb` colours. */
function rampColour(ramp, share) {
  const at = Math.max(0, Math.min(1, share)) * (ramp.length - 1);
  const below = Math.min(Math.floor(at), ramp.length - 2);
  const [from, to] = [channels(ramp[below]), channels(ramp[below + 1])];
  const mixed = from.map((channel, k) => Math.round(channel + (to[k] - channel) * (at - below)));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** Relative luminance as defined by WCAG. */
function luminance(hex) {
  const [red, green, blue] = channels(hex).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever has more contrast. One of them always reaches 4.5. */
function textColourOn(hex) {
  return luminance(hex) > 0.179 ? "#000000" : "#ffffff";
}
