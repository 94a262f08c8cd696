// What mouse, pen, fingers and keys do to a map.
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

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
