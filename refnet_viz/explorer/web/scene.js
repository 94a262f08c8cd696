// Maps of points and edges on canvases, side by side, with one shared selection.
// What is drawn comes through `draw`; what is done to it leaves through `handlers`.
const GREY = { light: "#8b949e", dark: "#6b7480" };
const RIM = { light: "rgba(31,35,40,0.55)", dark: "rgba(230,232,235,0.8)" };
const MARK = { light: "#1f2328", dark: "#e6e8eb" };
const HELP =
  "Arrow keys move between points, Enter pins one or compares it with the pinned one, Escape clears, plus and minus zoom, 0 fits, "
  + "L is the lasso, P moves the map, F fills the screen.";
const WHEEL = "Click a map first: then the wheel zooms.";
const GROWTH = 0.35; // of dots: the power of the zoom
const LARGEST = 2.5; // times their first size
const LOST = "The browser took the graphics card away: maps are drawn without it, and nothing is lost.";

// Rows whose points lie within a polygon (even-odd rule).
function rowsInside(x, y, xs, ys) {
  const rows = [];
  for (let row = 0; row < x.length; row += 1) {
    let inside = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i, i += 1) {
      const crosses = ys[i] > y[row] !== ys[j] > y[row];
      if (crosses && x[row] < ((xs[j] - xs[i]) * (y[row] - ys[i])) / (ys[j] - ys[i]) + xs[i]) {
        inside = !inside;
      }
    }
    if (inside) rows.push(row);
  }
  return rows;
}

function boxOf(panels) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of panels) {
    for (let row = 0; row < x.length; row += 1) {
      if (Number.isNaN(x[row])) continue; // it has no place
      left = Math.min(left, x[row]);
      right = Math.max(right, x[row]);
      low = Math.min(low, y[row]);
      high = Math.max(high, y[row]);
    }
  }
  if (left > right) return { x: 0, y: 0, wide: 1, high: 1 };
  const span = Math.max(right - left, high - low) || 1;
  return { x: (left + right) / 2, y: (low + high) / 2, wide: right - left || span, high: high - low || span };
}

class Scene {
  constructor(root, handlers) {
    this.root = root;
    this.handlers = handlers;
    this.said = { names: [], words: [] };
    this.terms = {};
    this.panels = [];
    this.frame = 0;
    this.tools = addTools(this);
    this.hint = add(this.tools, "span", "rv-tools-hint");
    this.grid = add(root, "div", "rv-panels");
    addGrip(this);
    this.live = add(root, "div", "rv-live");
    this.live.setAttribute("aria-live", "polite");
    root.rvScene = this;
  }

  points(said) {
    this.said = said;
  }

  draw(data) {
    this.data = data;
    while (this.panels.length > data.panels.length) this.panels.pop().close();
    while (this.panels.length < data.panels.length) {
      this.panels.push(new Panel(this.grid, this.panels.length, this));
    }
    this.grid.dataset.count = data.panels.length;
    const together = data.together && boxOf(data.panels);
    this.panels.forEach((panel, number) => this.give(panel, data.panels[number], together));
    this.chosen = null;
    if (data.selected) {
      this.chosen = new Uint8Array(data.panels[0].x.length);
      data.selected.forEach((row) => { this.chosen[row] = 1; });
      this.chosen.count = data.selected.length;
    }
    this.settle();
    this.ratio = window.devicePixelRatio || 1;
    this.made = new Map(); // stamps by the size of a point
    this.schedule();
  }

  // What draws maps of many points: the graphics card, or where there is none the
  // processor.
  get counter() {
    this.counts ??= this.engage();
    return this.counts;
  }

  engage(options) {
    try {
      return new Card(() => this.lose(), options);
    } catch {
      return new Counter();
    }
  }

  // The context of the card is gone: all that is shown is in `data`, so go on without.
  lose() {
    this.counts = new Counter();
    this.hint.textContent = LOST;
    this.live.textContent = LOST;
    this.schedule();
  }

  // Frees what the maps need no more.
  settle() {
    const many = this.data?.panels.filter(isMany) ?? [];
    if (!many.length) {
      this.counts?.close();
      this.counts = null;
    }
    const arrays = this.panels.flatMap((panel) => {
      return isMany(panel.data) ? [panel.data.x, panel.data.y, inksOf(panel).codes] : [];
    });
    this.counts?.keep([...arrays, this.chosen]);
  }

  // The name of a point, where they are too many to be there before.
  name(row, name, words) {
    this.said.names[row] = name;
    this.said.words[row] = words;
    if (this.aloud === row) this.speak(row);
    this.panels.forEach((panel) => panel.hovered === row && panel.showTip());
  }

  speak(row) {
    this.aloud = row;
    if (this.said.names[row] === undefined) return; // not heard of yet
    this.live.textContent = `${this.said.names[row]} ${this.said.words[row] || ""}`;
  }

  // What is heard later of the neighbours of one point.
  answer(near) {
    if (!this.data) return;
    this.data.near = { ...this.data.near, ...near };
    this.panels.forEach((panel) => this.overlay(panel));
  }

  // Diameter of the points of a panel: they grow when one comes near.
  sizeOf(panel) {
    const grown = this.data.size * Math.min(panel.view.zoom ** GROWTH, LARGEST);
    return Math.round(2 * grown) / 2;
  }

  stampOf(panel) {
    const size = panel.view.zoom === 1 ? this.data.size : this.sizeOf(panel);
    const rim = isCrowded(panel.data) ? null : RIM[this.data.mode];
    if (!this.made.has(size)) this.made.set(size, stamps(size, this.ratio, rim));
    return this.made.get(size);
  }

  give(panel, data, together) {
    panel.data = data;
    panel.box = together || boxOf([data]);
    // Panels that share their places share one view, zoomed and moved together.
    if (together) panel.view = this.panels[0].view;
    else if (panel.number && panel.view === this.panels[0].view) panel.view = { zoom: 1, x: 0, y: 0 };
    panel.hovered = panel.hovered < data.x.length ? panel.hovered : -1;
    const focused = panel.number === this.data.focus;
    panel.element.classList.toggle("rv-focused", focused && this.data.panels.length > 1);
    panel.title.textContent = data.title;
    panel.title.title = data.title;
    panel.notes.replaceChildren();
    data.notes.forEach((note) => explain(add(panel.notes, "div", "", note), this.terms));
    panel.plot.setAttribute("aria-label", `${data.summary} ${HELP}`);
  }

  stampsOf(panel) {
    const { styles, scale, mode } = this.data;
    const { codes, values } = panel.data;
    const make = this.stampOf(panel);
    const grey = make(GREY[mode], "circle");
    if (codes) {
      const made = styles.map(([color, symbol]) => make(color, symbol));
      const faded = styles.map(([, symbol]) => make(GREY[mode], symbol));
      return (row, fade) => (fade ? faded : made)[codes[row]];
    }
    const { low, high, colors } = scale;
    const made = colors.map((color) => make(color, "circle"));
    const steps = colors.length - 1;
    return (row, fade) => {
      const share = (values[row] - low) / (high - low || 1);
      if (fade || Number.isNaN(share)) return grey;
      return made[Math.round(Math.min(Math.max(share, 0), 1) * steps)];
    };
  }

  // The panels that a tool moves: one of those that share a view.
  views() {
    return this.panels.filter((panel, i) => !i || panel.view !== this.panels[0].view);
  }

  reset() {
    for (const panel of this.panels) Object.assign(panel.view, { zoom: 1, x: 0, y: 0 });
    this.schedule();
  }

  hover(panel, row, aloud = false) {
    this.pointed = panel;
    for (const other of this.panels) other.point(row);
    this.aloud = -1;
    if (aloud && row >= 0) this.speak(row);
    this.tell("hover", panel.number, row);
  }

  lasso(panel, corners, extend) {
    const { scale, left, top } = panel.map;
    const xs = corners.map(([px]) => (px - left) / scale);
    const ys = corners.map(([, py]) => (top - py) / scale);
    this.tell("lasso", panel.number, xs, ys, extend);
  }

  // Once, where the wheel turns above a map that does not have the focus.
  explainWheel() {
    if (this.explained) return;
    this.explained = true;
    this.hint.textContent = WHEEL;
  }

  // What lies above the map: the outline of the lasso, and the point that is meant with
  // its neighbours.
  overlay(panel) {
    if (!panel.width || !panel.data) return;
    const pen = start(panel.over);
    const color = MARK[this.data.mode];
    if (panel.outline) {
      pen.beginPath();
      panel.outline.forEach(([x, y]) => pen.lineTo(x, y));
      pen.closePath();
      pen.setLineDash([4, 3]);
      pen.strokeStyle = color;
      pen.stroke();
      pen.globalAlpha = 0.06;
      pen.fillStyle = color;
      pen.fill();
      pen.globalAlpha = 1;
      pen.setLineDash([]);
    }
    const pinned = this.data.pinned ?? [];
    const meant = panel.hovered >= 0 ? [panel.hovered] : pinned;
    panel.plot.classList.toggle("rv-meant", panel.hovered >= 0 && panel.data.edges.length > 0);
    if (!panel.outline) {
      if (meant.length === 1) drawNeighbors(pen, panel, meant[0]);
      else if (meant.length) drawPair(pen, panel, meant);
      new Set([...meant, ...pinned]).forEach((row) => this.ring(pen, panel, row, color));
    }
    panel.showTip();
  }

  ring(pen, panel, row, color) {
    const [x, y] = panel.place(row);
    pen.beginPath();
    pen.arc(x, y, this.sizeOf(panel) / 2 + 4, 0, 2 * Math.PI);
    pen.lineWidth = 2;
    pen.strokeStyle = color;
    pen.stroke();
  }

  tell(name, ...words) {
    this.handlers[name]?.(...words);
  }

  schedule() {
    if (this.waiting || !this.data) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.panels.forEach((panel) => panel.paint());
      this.frame += 1; // so that others can see that something was painted
      this.root.dataset.frame = this.frame;
    });
  }

  destroy() {
    cancelAnimationFrame(this.waiting);
    this.counts?.close();
    this.panels.forEach((panel) => panel.close());
    this.root.replaceChildren();
  }
}

function createScene(root, handlers) {
  root.classList.add("rv-scene");
  return new Scene(root, handlers);
}
