// Making elements. Text goes in as text and never as markup: names in the data may hold anything.

/**
 * An element with attributes (`on...` are listeners, `class` and the rest attributes; null ones are left out)
 * and children: elements, texts, arrays of them, or null.
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

/** Put children in place of what an element holds. */
function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** A number that carries its exact value, so that what is rounded for reading is not lost. */
function data(value, text) {
  return h("data", { value: value === null || value === undefined ? "" : value }, text);
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  append(element, children);
  return element;
}
