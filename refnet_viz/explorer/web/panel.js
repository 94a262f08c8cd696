// One map: where its points lie on the screen, and how they are painted.
const REACH = 12; // pixels within which a point answers

function start(canvas) {
  const pen = canvas.getContext("2d");
  const ratio = window.devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  return pen;
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
    // The keyboard reaches this by the focus of the map itself.
    this.title = add(head, "div", "rv-panel-title");
    this.title.addEventListener("click", () => scene.tell("focus", number));
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
    const look = (row) => {
      const [dx, dy] = [scale * x[row] + left - px, top - scale * y[row] - py];
      const far = dx * dx + dy * dy;
      if (far < best || (far === best && row < found)) [best, found] = [far, row];
    };
    if (isMany(this.data)) {
      const [from, to] = [-REACH, REACH].map((shift) => (px + shift - left) / scale);
      const [low, high] = [REACH, -REACH].map((shift) => (top - py - shift) / scale);
      binsOf(this.data).each(from, to, low, high, look);
    } else {
      for (let row = 0; row < x.length; row += 1) look(row);
    }
    return found;
  }

  // The next point in a direction: near ahead, and not far aside.
  beside(row, stepX, stepY) {
    if (row < 0) return this.nearestTo(this.width / 2, this.height / 2);
    const [px, py] = this.place(row);
    const { scale, left, top } = this.map;
    const { x, y } = this.data;
    let [best, found] = [Infinity, row];
    for (let other = 0; other < x.length; other += 1) {
      const [dx, dy] = [scale * x[other] + left - px, top - scale * y[other] - py];
      const ahead = dx * stepX + dy * stepY;
      const aside = Math.abs(dx * stepY) + Math.abs(dy * stepX);
      const cost = ahead + 2 * aside;
      if (ahead > 0.5 && aside <= ahead && cost < best) [best, found] = [cost, other];
    }
    return found;
  }

  nearestTo(px, py) {
    let [best, found] = [Infinity, -1];
    const { scale, left, top } = this.map;
    const { x, y } = this.data;
    for (let row = 0; row < x.length; row += 1) {
      const far = (scale * x[row] + left - px) ** 2 + (top - scale * y[row] - py) ** 2;
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
    this.scene.hint.textContent = "";
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
    const { names, words } = this.scene.said;
    tip.hidden = hovered < 0 || this !== this.scene.pointed || names[hovered] === undefined;
    if (tip.hidden) return;
    tip.replaceChildren();
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
    const many = isMany(this.data);
    if (!many) paintDensity(pen, this);
    this.paintEdges(pen);
    if (many) this.scene.counter.paint(pen, this);
    else this.paintPoints(pen);
    paintWords(pen, this);
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
    const brush = isCrowded(data) ? new Blotter(this, pen) : new Stamper(this, pen);
    const draw = (row, stamp) => {
      const [px, py] = [scale * data.x[row] + left, top - scale * data.y[row]];
      if (Number.isNaN(px)) return;
      if (px < -20 || py < -20 || px > this.width + 20 || py > this.height + 20) return;
      brush.dot(stamp, px, py);
    };
    const clear = clearness(this);
    if (chosen) {
      brush.alpha(0.3 * clear);
      for (let row = 0; row < data.x.length; row += 1) {
        if (!chosen[row]) draw(row, stampOf(row, true));
      }
    }
    brush.alpha(chosen ? CLEAR : clear);
    for (let row = 0; row < data.x.length; row += 1) {
      if (!chosen || chosen[row]) draw(row, stampOf(row, false));
    }
    brush.end();
  }

  close() {
    this.observer.disconnect();
    this.element.remove();
  }
}
