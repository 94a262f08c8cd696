// What mouse, pen, fingers and keys do to a map.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function listen(panel) {
  const { plot, scene } = panel;
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let drag = null;
  let pressed = false; // by a pointer
  const focus = () => panel.number !== scene.data.focus && scene.tell("focus", panel.number);
  // Whoever comes by the keyboard means this map.
  plot.addEventListener("focus", () => {
    if (!pressed) focus();
  });
  plot.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    plot.setPointerCapture(event.pointerId);
    pressed = true;
    const [x, y] = at(event);
    const idle = event.pointerType === "touch" && !scene.forFingers;
    drag = { x, y, corners: [[x, y]], moved: false, idle, pan: scene.tool === "pan" || event.altKey };
  });
  plot.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (!drag) {
      const row = panel.nearest(x, y);
      if (row !== panel.hovered) scene.hover(panel, row);
      return;
    }
    if (Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
    if (drag.idle) return;
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
    pressed = false;
    if (!drag) return;
    const { moved, pan, idle, corners, x, y } = drag;
    stop();
    if (moved && !pan && !idle) scene.lasso(panel, corners, event.shiftKey);
    if (!moved) {
      const row = panel.nearest(x, y);
      if (row >= 0) scene.tell("click", panel.number, row, event.shiftKey);
      else if (scene.data.pinned?.length) scene.tell("ground", panel.number);
      else focus();
    }
  });
  plot.addEventListener("pointercancel", () => {
    pressed = false;
    stop();
  });
  plot.addEventListener("pointerleave", () => !drag && scene.hover(panel, -1));
  // Two fingers zoom.
  let apart = 0;
  const pinch = (event) => {
    if (event.touches.length !== 2) {
      apart = 0;
      // Else the browser takes what is drawn for a fling, and the next tap for its end.
      if (event.type === "touchmove" && drag && !drag.idle) event.preventDefault();
      return;
    }
    event.preventDefault();
    if (drag) stop();
    const box = plot.getBoundingClientRect();
    const [one, other] = event.touches;
    const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = [(one.clientX + other.clientX) / 2 - box.left, (one.clientY + other.clientY) / 2 - box.top];
    if (apart) panel.zoomAt(now / apart, ...middle);
    apart = now;
  };
  ["touchstart", "touchmove", "touchend", "touchcancel"].forEach((name) => {
    plot.addEventListener(name, pinch, { passive: false });
  });
  plot.addEventListener("dblclick", () => scene.tell("clear"));
  // Without focus the wheel scrolls the page, as everywhere else.
  plot.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && plot.getRootNode().activeElement !== plot) {
      scene.explainWheel();
      return;
    }
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
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "l" || key === "p") scene.use(key === "l" ? "lasso" : "pan");
    else if (key === "f") fullScreen(scene.root);
    else return;
    event.preventDefault();
    event.stopPropagation(); // notebooks have keys of their own
  });
}
