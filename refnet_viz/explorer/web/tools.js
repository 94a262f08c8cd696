// Tools of the maps as icons: what dragging does, and how much of the maps is shown.
const ICONS = {
  lasso: "M8 3c3.3 0 6 1.6 6 3.7s-2.7 3.7-6 3.7-6-1.6-6-3.7S4.7 3 8 3zM5 10.1c-1.5.5-1.6 2-.3 2.4 1.2.4 1 1.6-.2 1.6",
  pan: "M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.5l2 2 2-2M3.5 6l-2 2 2 2M12.5 6l2 2-2 2",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3",
  full: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4",
};
const SVG = "http://www.w3.org/2000/svg";

function icon(parent, name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", ICONS[name]);
  picture.append(line);
  parent.append(picture);
}

function tool(parent, name, label, act, kind = "") {
  const node = button(parent, `rv-tool ${kind}`.trim(), "", label, act);
  icon(node, name);
  return node;
}

// A toolbar that sets `scene.tool` to "lasso" or "pan", zooms and fits.
function addTools(scene) {
  const bar = add(scene.root, "div", "rv-tools");
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "map tools");
  const nodes = {};
  // A finger scrolls the page until a tool was chosen, and when that is chosen again.
  scene.use = (name, chosen = true) => {
    scene.forFingers = chosen && !(scene.forFingers && name === scene.tool);
    scene.tool = name;
    scene.root.dataset.tool = name;
    scene.root.dataset.fingers = String(scene.forFingers);
    for (const [each, node] of Object.entries(nodes)) {
      node.setAttribute("aria-pressed", String(each === name));
    }
  };
  nodes.lasso = tool(bar, "lasso", "Lasso (L): draw around points to select them; Shift adds",
    () => scene.use("lasso"));
  nodes.pan = tool(bar, "pan", "Pan (P): move the map; also with Alt", () => scene.use("pan"));
  const every = (factor) => () => scene.views().forEach((panel) => panel.zoomAt(factor));
  // Fingers have neither a wheel nor keys.
  tool(bar, "plus", "Zoom in (+)", every(1.5), "rv-touch");
  tool(bar, "minus", "Zoom out (−)", every(1 / 1.5), "rv-touch");
  tool(bar, "fit", "Fit (0): show the whole map", () => scene.reset());
  if (document.fullscreenEnabled) {
    tool(bar, "full", "Full screen (F)", () => fullScreen(scene.root));
  }
  rove(bar);
  scene.use("lasso", false);
  return bar;
}

function fullScreen(root) {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.closest(".rv-explorer")?.requestFullscreen().catch(() => {}); // not allowed here
}

// A bar below the maps that is dragged, or moved by arrow keys, to make them higher.
const LOWEST_MAP = 160; // pixels

function addGrip(scene) {
  const grip = add(scene.root, "div", "rv-grip");
  grip.setAttribute("role", "separator");
  grip.setAttribute("aria-orientation", "horizontal");
  grip.setAttribute("aria-label", "height of the maps");
  grip.title = "drag to make the maps higher";
  grip.tabIndex = 0;
  const high = () => scene.panels[0]?.plot.offsetHeight ?? 0;
  const make = (pixels) => {
    const height = Math.max(LOWEST_MAP, Math.round(pixels));
    scene.grid.classList.add("rv-sized");
    scene.grid.style.setProperty("--rv-high", `${height}px`);
    grip.setAttribute("aria-valuenow", String(height));
  };
  let from = null;
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    from = { y: event.clientY, high: high() };
  });
  grip.addEventListener("pointermove", ({ clientY }) => from && make(from.high + clientY - from.y));
  const stop = () => { from = null; };
  grip.addEventListener("pointerup", stop);
  grip.addEventListener("pointercancel", stop);
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 20, ArrowUp: -20 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation(); // notebooks have keys of their own
    make(high() + step);
  });
}
