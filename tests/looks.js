// Where the parts of the explorer lie, and what of it one could not read.
const root = document.querySelector(".rv-explorer");

// Boxes of named parts, relative to the explorer: left, top, width, height.
function boxes() {
  const home = root.getBoundingClientRect();
  const found = { explorer: [0, 0, home.width, home.height] };
  const put = (name, node) => {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height) return;
    found[name] = [box.x - home.x, box.y - home.y, box.width, box.height];
  };
  const kind = (node) => [...node.classList].find(
    (name) => name.startsWith("rv-") && name !== "rv-control" && name !== "rv-bar");
  root.querySelectorAll(":scope > :is(.rv-bar, .rv-more)").forEach(
    (node, i) => put(`bar ${i}`, node));
  root.querySelectorAll(".rv-control:not(.rv-weight)").forEach(
    (node) => put(`control ${kind(node).slice(3)}`, node));
  root.querySelectorAll(".rv-weight").forEach((node, i) => put(`weight ${i}`, node));
  root.querySelectorAll(":is(.rv-acts, .rv-more) .rv-button").forEach(
    (node) => put(`button ${node.textContent}`, node));
  root.querySelectorAll(".rv-tool").forEach((node) => put(`tool ${node.getAttribute("aria-label").split(/\W/)[0]}`, node));
  root.querySelectorAll(".rv-panel").forEach((node, i) => {
    put(`head ${i}`, node.querySelector(".rv-panel-head"));
    put(`map ${i}`, node.querySelector(".rv-plot"));
  });
  for (const name of ["tools", "key", "detail", "strip"]) {
    put(name, root.querySelector(`.rv-${name}`));
  }
  return found;
}

// Words that are cut off, and parts that would have to be scrolled sideways.
function cut() {
  const words = ".widget-label, .rv-panel-title, .rv-panel-notes div, button, .rv-key span,"
    + " .rv-cards th, .rv-cards td, .rv-caption, .rv-facts > *, .rv-title, .rv-heading";
  const found = [];
  for (const node of root.querySelectorAll(words)) {
    if (!node.checkVisibility() || node.closest(".rv-strip .rv-null")) continue;
    if (node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline") {
      found.push(`${node.className}: ${node.textContent}`);
    }
  }
  for (const name of [".rv-strip", ".rv-detail", ".rv-main", ".rv-map"]) {
    const node = root.querySelector(name);
    if (node.scrollWidth > node.clientWidth + 1) found.push(name);
  }
  return found;
}

// Text with less contrast than WCAG AA asks for: 4.5, or 3 where it is large.
function pale() {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const read = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r, g, b].map((c, i) => a * c + (1 - a) * [R, G, B][i]);
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const color = read(getComputedStyle(at).backgroundColor);
      if (color[3] > 0) layers.unshift(color);
      if (color[3] === 1) break;
    }
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (color) => {
    const [r, g, b] = color.map((c) => {
      const share = c / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  let seen = 0;
  const check = (node, style, words) => {
    const paper = behind(node);
    const own = ratio(over(read(style.color), paper), paper);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    seen += 1;
    if (own < (large ? 3 : 4.5)) found.push(`${words.trim()}: ${own.toFixed(2)}`);
  };
  for (const node of root.querySelectorAll("*")) {
    if (!node.checkVisibility() || node.disabled || node.closest(":disabled")) continue;
    const words = [...node.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("");
    if (words.trim()) check(node, getComputedStyle(node), words);
    if (node.placeholder) check(node, getComputedStyle(node, "::placeholder"), node.placeholder);
    if (node.tagName === "SELECT") check(node, getComputedStyle(node), node.value);
  }
  const paper = read(getComputedStyle(root).backgroundColor);
  const accent = read(getComputedStyle(root).getPropertyValue("--rv-accent"));
  const ring = ratio(accent, paper);
  if (ring < 3) found.push(`ring of the focus: ${ring.toFixed(2)}`);
  return [seen, found];
}

// Parts that move by themselves.
function moving() {
  return [root, ...root.querySelectorAll("*")].filter((node) => {
    const { animationName, transitionDuration } = getComputedStyle(node);
    const lasts = transitionDuration.split(",").some((time) => parseFloat(time) > 0);
    return animationName !== "none" || lasts;
  }).map((node) => node.className);
}

// Where the line of status lies.
function told() {
  const home = root.getBoundingClientRect();
  const node = root.querySelector(":scope > .rv-main > .rv-status");
  const { x, y, width, height } = node.getBoundingClientRect();
  return [x - home.x, y - home.y, width, height];
}
