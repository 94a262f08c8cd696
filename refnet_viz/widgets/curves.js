// Live curves: training losses on the left, validation on the right. A null level is a
// dotted line in the colour of its curve; a diamond marks the epoch that is kept.
const SVG = "http://www.w3.org/2000/svg";
const CURVE_DASHES = ["", "7 4", "2 3", "9 3 2 3", "12 4"];
const EDGE = { left: 40, right: 12, top: 16, bottom: 30, height: 176 };

function shape(parent, tag, name, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  if (name) node.setAttribute("class", name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

// Rows of numbers from bytes that may begin anywhere in their buffer.
function table(content) {
  const width = content.panels.reduce((sum, panel) => sum + panel.lines.length, 0);
  const view = content.values;
  const end = view.byteOffset + view.byteLength;
  const flat = new Float32Array(view.buffer.slice(view.byteOffset, end));
  const rows = [];
  for (let i = 0; i < flat.length; i += width) rows.push(flat.subarray(i, i + width));
  return rows;
}

// Round steps of which at most `count` cover a span.
function ticks(low, high, count, whole) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  let step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step)
    found.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return [found, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))];
}

function number(value) {
  return Number.isFinite(value) ? value.toFixed(2) : "–";
}

// One chart: its key, its lines, and the epoch that is read off.
function chart(parent, act) {
  const root = add(parent, "div", "rv-curve-panel");
  const head = add(root, "div", "rv-curve-title");
  const key = add(root, "div", "rv-curve-key");
  const svg = shape(root, "svg", "rv-curve-chart", { tabindex: 0, role: "img" });
  let scale = null;
  const draw = (content, rows, panel, start, shown) => {
    head.textContent = panel.title;
    svg.setAttribute("aria-label", panel.label);
    drawCurveKey(key, panel, rows[shown], start);
    scale = drawCurves(svg, content, rows, panel, start, shown);
  };
  const nearest = (event) => {
    if (!scale) return;
    const x = event.clientX - svg.getBoundingClientRect().left;
    act.read(Math.round(scale.epoch(x)));
  };
  svg.addEventListener("mousemove", nearest);
  svg.addEventListener("mouseleave", () => act.read(null));
  svg.addEventListener("blur", () => act.read(null));
  svg.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key === "Escape") act.read(null);
    if (!(event.key in moves)) return;
    event.preventDefault();
    act.move(moves[event.key]);
  });
  return { draw, svg };
}

function drawCurveKey(key, panel, row, start) {
  key.replaceChildren();
  panel.lines.forEach((line, i) => {
    const item = add(key, "span", "rv-curve-item");
    const mark = shape(item, "svg", "rv-curve-mark", { "aria-hidden": "true" });
    shape(mark, "line", `rv-curve rv-curve-${i % 5}`, {
      x1: 1, x2: 25, y1: 6, y2: 6, "stroke-dasharray": CURVE_DASHES[i % 5],
    });
    add(item, "span", "rv-curve-name", line.name);
    add(item, "span", "rv-curve-value", row ? number(row[start + i]) : "–");
    if (line.null !== null)
      add(item, "span", "rv-curve-null", `${panel.null} ${number(line.null)}`);
  });
}

function drawCurves(svg, content, rows, panel, start, shown) {
  const width = svg.clientWidth || 320;
  const { left, right, top, bottom, height } = EDGE;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const last = Math.max(content.span - 1, 1);
  const x = (epoch) => left + ((width - left - right) * epoch) / last;
  const seen = panel.lines.map((line) => line.null).filter((value) => value !== null);
  rows.forEach((row) => seen.push(...row.subarray(start, start + panel.lines.length)));
  const real = seen.filter(Number.isFinite);
  const low = Math.min(0, ...real);
  const high = Math.max(...real, low + 1e-3) * 1.04;
  const y = (value) => top + ((height - top - bottom) * (high - value)) / (high - low);
  axes(svg, { x, y, low, high, width, span: content.span, empty: !real.length });
  if (!rows.length) {
    const at = { x: (left + width - right) / 2, y: height / 2 };
    shape(svg, "text", "rv-curve-wait", at, "waiting for the first epoch");
    return null;
  }
  panel.lines.forEach((line, i) => {
    if (line.null !== null)
      shape(svg, "line", `rv-curve-level rv-curve-${i % 5}`, {
        x1: left, x2: width - right, y1: y(line.null), y2: y(line.null),
      });
  });
  panel.lines.forEach((line, i) => {
    const values = rows.map((row) => row[start + i]);
    shape(svg, "path", `rv-curve rv-curve-${i % 5}`, {
      d: path(values, x, y), "stroke-dasharray": CURVE_DASHES[i % 5],
    });
    if (values.length === 1 && Number.isFinite(values[0]))
      shape(svg, "circle", `rv-curve-dot rv-curve-${i % 5}`, { cx: x(0), cy: y(values[0]), r: 3 });
  });
  best(svg, content, rows, { x, y, start, count: panel.lines.length, width });
  if (shown < rows.length - 1) read(svg, rows[shown], { x: x(shown), y, start, panel });
  return { epoch: (px) => ((px - left) * last) / (width - left - right) };
}

function path(values, x, y) {
  let pen = "M";
  return values.reduce((d, value, epoch) => {
    if (!Number.isFinite(value)) {
      pen = "M";
      return d;
    }
    const next = `${d}${pen}${x(epoch).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
    return next;
  }, "");
}

function axes(svg, { x, y, low, high, width, span, empty }) {
  const { left, right, bottom, height } = EDGE;
  const [levels, digits] = ticks(low, high, 5, false);
  for (const level of empty ? [] : levels) {
    const at = y(level);
    shape(svg, "line", "rv-curve-grid", { x1: left, x2: width - right, y1: at, y2: at });
    const place = { x: left - 6, y: at + 4, "text-anchor": "end" };
    shape(svg, "text", "rv-curve-tick", place, level.toFixed(digits));
  }
  const base = height - bottom;
  shape(svg, "line", "rv-curve-axis", { x1: left, x2: width - right, y1: base, y2: base });
  const [marks] = ticks(1, span, 6, true);
  for (const mark of new Set([1, ...marks.filter((m) => m >= 1)])) {
    if (mark !== 1 && x(mark - 1) - x(0) < 18) continue;
    const place = { x: x(mark - 1), y: base + 14, "text-anchor": "middle" };
    shape(svg, "text", "rv-curve-tick", place, mark);
  }
  const middle = { x: (left + width - right) / 2, y: height - 3, "text-anchor": "middle" };
  shape(svg, "text", "rv-curve-tick", middle, "epoch");
}

// The epoch that is kept so far: a thin line, and a diamond on every curve.
function best(svg, content, rows, { x, y, start, count, width }) {
  if (content.best < 0 || content.best >= rows.length) return;
  const at = x(content.best);
  const { left, right, top, bottom, height } = EDGE;
  shape(svg, "line", "rv-curve-best", { x1: at, x2: at, y1: top, y2: height - bottom });
  for (let i = 0; i < count; i++) {
    const value = rows[content.best][start + i];
    if (!Number.isFinite(value)) continue;
    const [cy, r] = [y(value), 5];
    const d = `M${at} ${cy - r}L${at + r} ${cy}L${at} ${cy + r}L${at - r} ${cy}Z`;
    shape(svg, "path", `rv-curve-kept rv-curve-${i % 5}`, { d });
  }
  const end = at > (left + width - right) / 2;
  const place = { x: at + (end ? -5 : 5), y: 11, "text-anchor": end ? "end" : "start" };
  shape(svg, "text", "rv-curve-tick", place, `best: ${content.best + 1}`);
}

function read(svg, row, { x, y, start, panel }) {
  const { top, bottom, height } = EDGE;
  shape(svg, "line", "rv-curve-read", { x1: x, x2: x, y1: top, y2: height - bottom });
  panel.lines.forEach((line, i) => {
    const value = row[start + i];
    if (Number.isFinite(value))
      shape(svg, "circle", `rv-curve-dot rv-curve-${i % 5}`, { cx: x, cy: y(value), r: 3.5 });
  });
}

function createCurves(root) {
  let content = null;
  let chosen = null; // the epoch read off, or null: the last one
  let rows = [];
  const top = add(root, "div", "rv-curve-head");
  const panels = add(root, "div", "rv-curve-panels");
  const redraw = () => {
    if (!content) return;
    const shown = chosen === null ? rows.length - 1 : chosen;
    top.textContent = rows.length ? `epoch ${shown + 1} of ${content.epochs}` : "";
    let start = 0;
    content.panels.forEach((panel, i) => {
      charts[i].draw(content, rows, panel, start, shown);
      start += panel.lines.length;
    });
  };
  const read = (epoch) => {
    const next = epoch === null ? null : Math.min(Math.max(epoch, 0), rows.length - 1);
    if (next === chosen) return;
    chosen = rows.length ? next : null;
    redraw();
  };
  const move = (by) => read((chosen === null ? rows.length - 1 : chosen) + by);
  const charts = [0, 1].map(() => chart(panels, { read, move }));
  const watcher = new ResizeObserver(redraw);
  watcher.observe(root);
  return {
    show(given) {
      content = given.panels ? given : null;
      rows = content ? table(content) : [];
      if (chosen !== null && chosen >= rows.length) chosen = null;
      redraw();
    },
    destroy: () => watcher.disconnect(),
  };
}

export default {
  render({ model, el }) {
    el.classList.add("rv-curves");
    el.setAttribute("role", "region");
    el.setAttribute("aria-label", "training curves");
    const curves = createCurves(el);
    const update = () => curves.show(model.get("content"));
    model.on("change:content", update);
    update();
    return () => {
      model.off("change:content", update);
      curves.destroy();
    };
  },
};
