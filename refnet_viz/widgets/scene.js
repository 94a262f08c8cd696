// Maps of points and edges on canvases, side by side, with one shared selection.
// What is drawn comes through `draw`; what is done to it leaves through `handlers`.
const REACH = 12; // pixels within which a point answers
const GREY = { light: "#8b949e", dark: "#6b7480" };
const RIM = { light: "rgba(31,35,40,0.55)", dark: "rgba(230,232,235,0.8)" };
const MARK = { light: "#1f2328", dark: "#e6e8eb" };
const HELP =
  "Arrow keys move between points, Enter selects, Escape clears, plus and minus zoom, 0 resets.";

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
      left = Math.min(left, x[row]);
      right = Math.max(right, x[row]);
      low = Math.min(low, y[row]);
      high = Math.max(high, y[row]);
    }
  }
  const span = Math.max(right - left, high - low) || 1;
  return { x: (left + right) / 2, y: (low + high) / 2, wide: right - left || span, high: high - low || span };
}

// One panel: its elements, and where a point of the data lies on it.
class Panel {
  constructor(root, number, scene) {
    this.number = number;
    this.scene = scene;
    this.view = { zoom: 1, x: 0, y: 0 };
    this.hovered = -1;
    this.outline = null;
    this.element = add(root, "section", "rv-panel");
    const head = add(this.element, "div", "rv-panel-head");
    this.title = button(head, "rv-panel-title", "", "", () => scene.tell("focus", number));
    this.notes = add(head, "div", "rv-panel-notes");
    this.plot = add(this.element, "div", "rv-plot");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "application");
    this.plot.setAttribute("aria-roledescription", "map of points");
    this.base = add(this.plot, "canvas", "rv-base");
    this.over = add(this.plot, "canvas", "rv-over");
    this.tip = add(this.plot, "div", "rv-tip");
    this.tip.hidden = true;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.plot);
    listen(this);
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.plot.clientWidth;
    this.height = this.plot.clientHeight;
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
    }
    this.scene.schedule();
  }

  // Factors from data to pixels: px = a * x + b, py = -a * y + c.
  get map() {
    const { box, view } = this;
    const room = 0.94 * Math.min(this.width / box.wide, this.height / box.high);
    const scale = room * view.zoom;
    return {
      scale,
      left: this.width / 2 + view.x * view.zoom - scale * box.x,
      top: this.height / 2 + view.y * view.zoom + scale * box.y,
    };
  }

  place(row) {
    const { scale, left, top } = this.map;
    return [scale * this.data.x[row] + left, top - scale * this.data.y[row]];
  }

  nearest(px, py) {
    const { scale, left, top } = this.map;
    const { x, y } = this.data;
    let [best, found] = [REACH * REACH, -1];
    for (let row = 0; row < x.length; row += 1) {
      const [dx, dy] = [scale * x[row] + left - px, top - scale * y[row] - py];
      const far = dx * dx + dy * dy;
      if (far < best) [best, found] = [far, row];
    }
    return found;
  }

  // The next point in a direction: near ahead, and not far aside.
  beside(row, stepX, stepY) {
    if (row < 0) return this.nearestTo(this.width / 2, this.height / 2);
    const [px, py] = this.place(row);
    let [best, found] = [Infinity, row];
    for (let other = 0; other < this.data.x.length; other += 1) {
      const [x, y] = this.place(other);
      const ahead = (x - px) * stepX + (y - py) * stepY;
      const aside = Math.abs((x - px) * stepY) + Math.abs((y - py) * stepX);
      const cost = ahead + 2 * aside;
      if (ahead > 0.5 && aside <= ahead && cost < best) [best, found] = [cost, other];
    }
    return found;
  }

  nearestTo(px, py) {
    let [best, found] = [Infinity, -1];
    for (let row = 0; row < this.data.x.length; row += 1) {
      const [x, y] = this.place(row);
      const far = (x - px) ** 2 + (y - py) ** 2;
      if (far < best) [best, found] = [far, row];
    }
    return found;
  }

  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    const { view } = this;
    const zoom = Math.min(40, Math.max(1, view.zoom * factor));
    const [dx, dy] = [px - this.width / 2, py - this.height / 2];
    view.x += dx / zoom - dx / view.zoom;
    view.y += dy / zoom - dy / view.zoom;
    view.zoom = zoom;
    if (zoom === 1) view.x = view.y = 0;
    this.point(-1);
    this.scene.schedule();
  }

  point(row) {
    if (row === this.hovered) return;
    this.hovered = row;
    this.scene.overlay(this);
  }

  showTip() {
    const { hovered, tip } = this;
    tip.hidden = hovered < 0 || this !== this.scene.pointed;
    if (tip.hidden) return;
    tip.replaceChildren();
    const { names, words } = this.scene.said;
    add(tip, "strong", "", names[hovered]);
    if (words[hovered]) add(tip, "span", "", words[hovered]);
    const [px, py] = this.place(hovered);
    const right = px > this.width / 2;
    tip.style.left = right ? "auto" : `${px + 12}px`;
    tip.style.right = right ? `${this.width - px + 12}px` : "auto";
    tip.style.top = `${Math.min(Math.max(py - 14, 2), this.height - 46)}px`;
  }

  paint() {
    if (!this.width || !this.data) return;
    const pen = start(this.base);
    this.paintEdges(pen);
    this.paintPoints(pen);
    this.scene.overlay(this);
  }

  paintEdges(pen) {
    const { scale, left, top } = this.map;
    const { x, y } = this.data;
    for (const { pairs, color, width, dash } of this.data.edges) {
      pen.strokeStyle = color;
      pen.lineWidth = width;
      pen.setLineDash(dash || []);
      pen.beginPath();
      for (let i = 0; i < pairs.length; i += 2) {
        pen.moveTo(scale * x[pairs[i]] + left, top - scale * y[pairs[i]]);
        pen.lineTo(scale * x[pairs[i + 1]] + left, top - scale * y[pairs[i + 1]]);
      }
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  paintPoints(pen) {
    const { scene, data } = this;
    const { scale, left, top } = this.map;
    const stampOf = scene.stampsOf(this);
    const chosen = scene.chosen;
    const draw = (row, stamp) => {
      const [px, py] = [scale * data.x[row] + left, top - scale * data.y[row]];
      if (px < -20 || py < -20 || px > this.width + 20 || py > this.height + 20) return;
      const side = stamp.width / scene.ratio;
      pen.drawImage(stamp, px - side / 2, py - side / 2, side, side);
    };
    if (chosen) {
      pen.globalAlpha = 0.28;
      for (let row = 0; row < data.x.length; row += 1) {
        if (!chosen[row]) draw(row, stampOf(row, true));
      }
    }
    pen.globalAlpha = 0.92;
    for (let row = 0; row < data.x.length; row += 1) {
      if (!chosen || chosen[row]) draw(row, stampOf(row, false));
    }
    pen.globalAlpha = 1;
  }

  close() {
    this.observer.disconnect();
    this.element.remove();
  }
}

function start(canvas) {
  const pen = canvas.getContext("2d");
  const ratio = window.devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  return pen;
}

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// What mouse, pen, fingers and keys do to a panel.
function listen(panel) {
  const { plot, scene } = panel;
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let drag = null;
  plot.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    plot.setPointerCapture(event.pointerId);
    const [x, y] = at(event);
    drag = { x, y, corners: [[x, y]], moved: false, pan: scene.tool === "pan" || event.altKey };
  });
  plot.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (!drag) {
      const row = panel.nearest(x, y);
      if (row !== panel.hovered) scene.hover(panel, row);
      return;
    }
    if (Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
    if (drag.pan) {
      const [lastX, lastY] = drag.corners.at(-1);
      panel.view.x += (x - lastX) / panel.view.zoom;
      panel.view.y += (y - lastY) / panel.view.zoom;
      drag.corners = [[x, y]];
      scene.schedule();
    } else {
      drag.corners.push([x, y]);
      panel.outline = drag.moved ? drag.corners : null;
      scene.overlay(panel);
    }
  });
  const stop = () => {
    drag = null;
    panel.outline = null;
    scene.overlay(panel);
  };
  plot.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { moved, pan, corners, x, y } = drag;
    stop();
    if (moved && !pan) scene.lasso(panel, corners, event.shiftKey);
    if (!moved) {
      const row = panel.nearest(x, y);
      if (row >= 0) scene.tell("click", panel.number, row, event.shiftKey);
    }
  });
  plot.addEventListener("pointercancel", stop);
  plot.addEventListener("pointerleave", () => !drag && scene.hover(panel, -1));
  plot.addEventListener("dblclick", () => scene.tell("clear"));
  // Without focus the wheel scrolls the page, as everywhere else.
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== plot) return;
    event.preventDefault();
    panel.zoomAt(Math.exp(-event.deltaY / 400), ...at(event));
  }, { passive: false });
  plot.addEventListener("keydown", (event) => {
    const { key } = event;
    if (key in STEPS) scene.hover(panel, panel.beside(panel.hovered, ...STEPS[key]), true);
    else if ((key === "Enter" || key === " ") && panel.hovered >= 0) {
      scene.tell("click", panel.number, panel.hovered, event.shiftKey);
    } else if (key === "Escape" && drag) stop();
    else if (key === "Escape") scene.tell("clear");
    else if (key === "+" || key === "=") panel.zoomAt(1.4);
    else if (key === "-") panel.zoomAt(1 / 1.4);
    else if (key === "0") scene.reset();
    else return;
    event.preventDefault();
    event.stopPropagation(); // notebooks have keys of their own
  });
}

class Scene {
  constructor(root, handlers) {
    this.root = root;
    this.handlers = handlers;
    this.said = { names: [], words: [] };
    this.panels = [];
    this.tool = "lasso";
    this.frame = 0;
    this.tools = add(root, "div", "rv-tools");
    this.tools.setAttribute("role", "toolbar");
    this.tools.setAttribute("aria-label", "map tools");
    this.grid = add(root, "div", "rv-panels");
    this.live = add(root, "div", "rv-live");
    this.live.setAttribute("aria-live", "polite");
    this.addTools();
    root.rvScene = this;
  }

  addTools() {
    const choose = (tool) => () => {
      this.tool = tool;
      for (const [name, node] of Object.entries(nodes)) {
        node.setAttribute("aria-pressed", String(name === tool));
      }
      this.root.dataset.tool = tool;
    };
    const nodes = {
      lasso: button(this.tools, "rv-tool", "Lasso", "draw around points to select them; with Shift they are added", choose("lasso")),
      pan: button(this.tools, "rv-tool", "Pan", "move the map; also with Alt", choose("pan")),
    };
    const every = (act) => () => this.views().forEach(act);
    button(this.tools, "rv-tool", "+", "zoom in", every((panel) => panel.zoomAt(1.5)));
    button(this.tools, "rv-tool", "−", "zoom out", every((panel) => panel.zoomAt(1 / 1.5)));
    button(this.tools, "rv-tool", "Reset", "show the whole map", () => this.reset());
    choose("lasso")();
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
    }
    this.ratio = window.devicePixelRatio || 1;
    this.made = stamps(data.size, this.ratio, RIM[data.mode]);
    this.schedule();
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
    panel.title.setAttribute("aria-pressed", String(focused));
    panel.notes.replaceChildren();
    data.notes.forEach((note) => add(panel.notes, "div", "", note));
    panel.plot.setAttribute("aria-label", `${data.summary} ${HELP}`);
  }

  stampsOf(panel) {
    const { styles, scale, mode } = this.data;
    const { codes, values } = panel.data;
    const grey = this.made(GREY[mode], "circle");
    if (codes) {
      const made = styles.map(([color, symbol]) => this.made(color, symbol));
      const faded = styles.map(([, symbol]) => this.made(GREY[mode], symbol));
      return (row, fade) => (fade ? faded : made)[codes[row]];
    }
    const { low, high, colors } = scale;
    const made = colors.map((color) => this.made(color, "circle"));
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
    const linked = this.panels.length > 1 && this.data.together;
    this.pointed = panel;
    for (const other of this.panels) other.point(other === panel || linked ? row : -1);
    if (aloud && row >= 0) {
      this.live.textContent = `${this.said.names[row]} ${this.said.words[row] || ""}`;
    }
    this.tell("hover", panel.number, row);
  }

  lasso(panel, corners, extend) {
    const { scale, left, top } = panel.map;
    const xs = corners.map(([px]) => (px - left) / scale);
    const ys = corners.map(([, py]) => (top - py) / scale);
    this.tell("lasso", panel.number, xs, ys, extend);
  }

  // What lies above the map: the outline of the lasso and the point that is meant.
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
    if (panel.hovered >= 0) {
      const [x, y] = panel.place(panel.hovered);
      pen.beginPath();
      pen.arc(x, y, this.data.size / 2 + 4, 0, 2 * Math.PI);
      pen.lineWidth = 2;
      pen.strokeStyle = color;
      pen.stroke();
    }
    panel.showTip();
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
    this.panels.forEach((panel) => panel.close());
    this.root.replaceChildren();
  }
}

function createScene(root, handlers) {
  root.classList.add("rv-scene");
  return new Scene(root, handlers);
}
