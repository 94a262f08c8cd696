// The legend below the maps: classes as buttons that select them, a scale, and lines.
// `pick(codes, how)` is called with "alone", "add" or "remove".
function swatch(parent, color, symbol) {
  const canvas = add(parent, "canvas", "rv-swatch");
  canvas.width = canvas.height = 32;
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  pen.translate(16, 16);
  inked(pen, shapeOf(symbol, 9), color, symbol, 3);
}

function stroke(parent, color, dash) {
  const canvas = add(parent, "canvas", "rv-stroke");
  canvas.width = 48;
  canvas.height = 32;
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  pen.strokeStyle = color;
  pen.lineWidth = 4;
  pen.setLineDash(dash.map((length) => length * 2));
  pen.moveTo(2, 16);
  pen.lineTo(46, 16);
  pen.stroke();
}

function drawScale(root, scale) {
  const box = add(root, "div", "rv-scale");
  add(box, "span", "", scale.lowText ?? String(scale.low));
  const canvas = add(box, "canvas", "rv-ramp");
  canvas.width = scale.colors.length;
  canvas.height = 1;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "colour scale, low to high");
  const pen = canvas.getContext("2d");
  scale.colors.forEach((color, step) => {
    pen.fillStyle = color;
    pen.fillRect(step, 0, 1, 1);
  });
  add(box, "span", "", scale.highText ?? String(scale.high));
}

function howOf(event) {
  if (event.altKey) return "remove";
  return event.shiftKey || event.ctrlKey || event.metaKey ? "add" : "alone";
}

const PRESSED = { all: "true", some: "mixed", none: "false" };

function keyEntry(root, entry, pick) {
  const { name, full = name, color, symbol, codes, count, on } = entry;
  const node = button(root, "rv-key-entry", "", `select ${full}`, (event) => pick(codes, howOf(event)));
  node.title = `${full}: ${count.toLocaleString("en-US")} points; a click selects them, `
    + "another one clears; Shift adds, Alt removes";
  node.setAttribute("aria-pressed", PRESSED[on]);
  node.dataset.codes = codes.join();
  if (symbol) swatch(node, color, symbol);
  add(node, "span", "", name);
  add(node, "span", "rv-key-count", count.toLocaleString("en-US"));
}

function drawClasses(root, key, pick, terms) {
  const { entries, listed: most, other } = key;
  const whole = root.dataset.whole === "true";
  const shown = whole ? entries : entries.slice(0, most);
  shown.forEach((entry) => keyEntry(root, entry, pick));
  if (!other) return;
  if (!whole) keyEntry(root, other, pick);
  const words = whole ? "fewer" : `all ${entries.length}`;
  const node = button(root, "rv-key-entry rv-key-more", words, "", () => {
    root.dataset.whole = String(!whole);
    drawKey(root, key, pick, terms);
    root.querySelector(".rv-key-more").focus();
  });
  node.setAttribute("aria-expanded", String(whole));
}

function drawKey(root, key, pick, terms = {}) {
  const held = root.contains(root.getRootNode().activeElement) && root.getRootNode().activeElement.dataset.codes;
  root.replaceChildren();
  if (key.title) explain(add(root, "span", "rv-key-title", key.title), terms);
  if (key.scale) drawScale(root, key.scale);
  drawClasses(root, key, pick, terms);
  const lines = add(root, "div", "rv-key-lines");
  if (key.lines.length) explain(add(lines, "span", "rv-lines-title", key.linesTitle), terms);
  for (const { name, color, dash } of key.lines) {
    const entry = add(lines, "span", "rv-key-line");
    stroke(entry, color, dash);
    explain(add(entry, "span", "", name), terms);
  }
  if (held) root.querySelector(`[data-codes="${held}"]`)?.focus();
}
