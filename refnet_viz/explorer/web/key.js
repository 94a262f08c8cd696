// The legend below the maps: classes as buttons that select them, edges, or a scale.
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

function drawKey(root, key, pick) {
  root.replaceChildren();
  if (key.title) add(root, "span", "rv-key-title", key.title);
  if (key.scale) drawScale(root, key.scale);
  for (const { name, color, symbol, code } of key.entries) {
    const entry = button(root, "rv-key-entry", "", `select ${name}`, () => pick(code));
    swatch(entry, color, symbol);
    add(entry, "span", "", name);
  }
  if (key.more) add(root, "span", "rv-key-more", key.more);
  if (!key.lines.length) return;
  add(root, "span", "rv-key-title rv-key-break", key.linesTitle);
  for (const { name, color, dash } of key.lines) {
    const entry = add(root, "span", "rv-key-line");
    stroke(entry, color, dash);
    add(entry, "span", "", name);
  }
}
