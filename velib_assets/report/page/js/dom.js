// Creates elements. Text is always inserted as text, never as markup, because names in the data may contain anything.

/**
 * Create an element. Attributes named `on...` are listeners; null ones are skipped. Children are elements, strings,
 * arrays of these, or null.
 */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replace all children of an element. */
function setChildren(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Create a <data> element: displayed text with the exact value behind it. */
function dataElement(value, text) {
  return h("data", { value: value === null || value === undefined ? "" : value }, text);
}

const SVG = "http://www.w3.org/2000/svg";

/** Create an SVG element. */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}
