// The explorer without a kernel: state, and what is drawn of it.
const app = document.getElementById("app");
const still = document.getElementById("still");
const data = JSON.parse(document.getElementById("payload").textContent);
const MOST_ROWS = 20;
const MOST_TILES = 8;
const MOST_PANELS = 4;
const classes = data.multi ? data.classes.length : 0;
const chance = data.purityChance && unpack(data.purityChance, "f4");
const kept = new Map(); // what was worked out before, by name

data.variants.forEach((variant, number) => variant.runs.forEach((run) => {
  run.variant = variant.name;
  run.index = data.variants.slice(0, number).reduce((sum, one) => sum + one.runs.length, 0)
    + variant.runs.indexOf(run);
  run.x = unpack(run.x, "f4");
  run.y = unpack(run.y, "f4");
  run.same = run.same && unpack(run.same, "u1");
  run.judged = run.judged && unpack(run.judged, "u1");
  run.graph = {
    near: unpack(run.neighbors, data.wide), most: data.most, count: data.count,
    lacks: (row) => Number.isNaN(run.x[row]),
  };
}));
const base = data.variants.find(({ name }) => name === data.baseline);
const seeds = [...new Set(data.variants.flatMap(({ runs }) => runs.map(({ seed }) => seed)))];
const spoken = data.labels && data.labels.map(worded);
const words = data.ids.map((id, row) => [
  id, spoken?.[row], data.texts?.[row], ...data.metadata.map(({ values }) => values[row]),
].join(" ").toLowerCase());

let state = {
  shown: data.shown, seed: base.runs[0].seed, color: data.color, k: data.k,
  edges: "none", rows: [], focus: 0,
};
let past = [];
let merged = ""; // the control that was moved last, whose steps are undone at once
let pointed = null;

function remember(name, make) {
  if (kept.size > 200) kept.clear();
  if (!kept.has(name)) kept.set(name, make());
  return kept.get(name);
}

function worded(codes) {
  if (!codes) return data.noLabel;
  return codes.map((code) => data.classes[code]).join("; ") || "none";
}

function runOf(name) {
  const { runs } = data.variants.find((variant) => variant.name === name);
  return runs.find(({ seed }) => seed === state.seed) || runs[0];
}

function runs() {
  return state.shown.map(runOf);
}

// The baseline's run that a run is compared with.
function against(run) {
  return base.runs.find(({ seed }) => seed === run.against);
}

function keysOf(run) {
  return remember(`keys ${run.index} ${state.k}`, () => unionKeys(run.graph, state.k));
}

function edgesOf(run, kind = state.edges) {
  if (kind === "none") return [];
  if (kind === "all") return keysOf(run);
  if (run === against(run)) return [];
  const name = `changed ${run.index} ${state.k}`;
  return remember(name, () => changed(keysOf(against(run)), keysOf(run)))[kind];
}

function purityOf(run) {
  return remember(`purity ${run.index} ${state.k}`, () => purity(run.graph, run.same, run.judged, state.k));
}

function rewiringOf(run, other = against(run)) {
  return remember(`rewiring ${run.index} ${other.index} ${state.k}`,
    () => rewired(run.graph, other.graph, state.k));
}

function degreeOf(run) {
  return remember(`degree ${run.index} ${state.k}`, () => inDegree(run.graph, state.k));
}

// Colours

function valuesOf(color, run) {
  if (color.name === "purity") return purityOf(run);
  if (color.name === "rewiring") return rewiringOf(run);
  if (color.name === "in-degree") return degreeOf(run);
  const column = color.columns.length > 1 ? run.index : 0;
  return remember(`color ${color.name} ${column}`,
    () => unpack(color.columns[column], color.names.length ? "u2" : "f4"));
}

function titleOf(color) {
  if (color.name === "rewiring") return `rewiring from ${data.baseline}`;
  if (color.name === "in-degree") return `in-degree (mean ${state.k}): hubs are high`;
  return color.title ?? color.name;
}

function colored() {
  const color = data.colors.find(({ name }) => name === state.color);
  const values = runs().map((run) => valuesOf(color, run));
  const title = titleOf(color);
  if (color.names?.length) {
    const panels = values.map((codes) => ({ codes, values: null }));
    return { title, color, panels, styles: color.styles, scale: null };
  }
  const [low, high] = span(values);
  const lowText = color.lowText ?? shortNumber(low);
  const highText = color.highText ?? shortNumber(high);
  const scale = { low, high, colors: data.ramp, lowText, highText };
  const panels = values.map((numbers) => ({ codes: null, values: numbers }));
  return { title, color, panels, styles: [], scale };
}

function span(panels) {
  let [low, high] = [Infinity, -Infinity];
  for (const values of panels) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) return [0, 1];
  return [low, high > low ? high : low + 1];
}

function shortNumber(value) {
  return String(Number(value.toPrecision(3)));
}

function keyOf({ title, color, panels, scale }) {
  const entries = [];
  if (!scale && color.names.length > 1) {
    const seen = new Set(panels.flatMap(({ codes }) => [...new Set(codes)]));
    color.names.forEach((name, code) => {
      const [paint, symbol] = color.styles[code];
      if (seen.has(code)) entries.push({ name, code, color: paint, symbol });
    });
  }
  const rest = entries.length - data.mostEntries;
  return {
    title, scale, lines: [], linesTitle: "", entries: entries.slice(0, data.mostEntries),
    more: rest > 0 ? `and ${rest} more: point at them` : "",
  };
}

function pick(code) {
  const codes = colored().panels[state.focus].codes;
  const rows = data.ids.map((_, row) => row).filter((row) => codes[row] === code);
  change({ rows });
}

// Maps

function panelOf(run, colors, share) {
  const { edges, rows } = state;
  const notes = [run.note];
  let keys = edgesOf(run);
  if (rows.length) keys = touching(keys, rows, data.count);
  const drawn = evenly(keys, share);
  const changing = !["none", "all"].includes(edges);
  if (changing && run === against(run)) notes.push(`this is the baseline: nothing is ${edges}`);
  else if (edges !== "none") {
    const count = drawn.length === keys.length ? whole(keys.length)
      : `${whole(drawn.length)} of ${whole(keys.length)}`;
    const kind = edges === "all" ? "edges" : `${edges} edges`;
    const part = drawn.length < keys.length ? " drawn" : "";
    notes.push(`${count} ${kind}${part}${rows.length ? " that touch the selection" : ""}`);
  }
  const title = `${shortened(run.variant, 40)}, seed ${run.seed}`;
  const chosen = rows.length ? `, ${whole(rows.length)} selected` : "";
  const style = data.edges[edges];
  return {
    title, notes, x: run.x, y: run.y, ...colors,
    summary: `Map of ${title}: ${whole(data.count)} points${chosen}; ${notes.join("; ")}.`,
    edges: style ? [{ ...style, pairs: ends(drawn, data.count) }] : [],
  };
}

function drawMaps() {
  const found = colored();
  const share = Math.floor(data.mostEdges / state.shown.length);
  scene.draw({
    mode: data.mode, together: data.together, size: data.size, focus: state.focus,
    styles: found.styles, scale: found.scale,
    panels: runs().map((run, i) => panelOf(run, found.panels[i], share)),
    selected: state.rows.length ? Uint32Array.from(state.rows) : null,
  });
  drawKey(parts.key, keyOf(found), pick);
}

// Details

const missing = Object.entries(data.missing).map(([name, bits]) => [name, unpack(bits, "u1")]);

function lackedBy(row) {
  return missing.filter(([, bits]) => bit(bits, row)).map(([name]) => name);
}

function entry(row, same = null) {
  if (row >= data.count) return { row: -1, title: "a point that is not in the sample", text: "", picture: "", same };
  const text = data.texts ? shortened(data.texts[row], data.longest) : "";
  return { row, title: data.ids[row], text, picture: data.pictures?.[row] || "", same };
}

function nearest(run, row, most) {
  if (run.graph.lacks(row)) return [];
  const start = row * data.most;
  const judged = run.same && data.labels[row];
  return [...run.graph.near.subarray(start, start + Math.min(state.k, most))].map(
    (other, i) => entry(other, judged ? bit(run.same, start + i) === 1 : null),
  );
}

function factsOf(run, row) {
  const facts = [];
  const value = (name) => {
    const color = data.colors.find((one) => one.name === name);
    return color && valuesOf(color, run)[row];
  };
  for (const name of lackedBy(row)) facts.push(["has no", name, ""]);
  if (spoken) facts.push(["label", spoken[row], ""]);
  if (run.predictions) facts.push(["prediction", ...answer(run, row, value("confidence"))]);
  if (run.same && !Number.isNaN(purityOf(run)[row])) facts.push(["purity", `${told(purityOf(run)[row])} (chance ${told(chance[row])})`, ""]);
  if (run !== against(run) && !run.graph.lacks(row)) facts.push([`rewiring from ${data.baseline}`, told(rewiringOf(run)[row]), ""]);
  for (const { name } of data.colors.filter((color) => color.name.startsWith("responsibility: "))) {
    const found = value(name);
    if (lackedBy(row).includes(name.slice("responsibility: ".length))) continue;
    const said = Number.isNaN(found) ? "not defined" : `${told(found)} (null 0)`;
    facts.push([name, found <= -1 ? "−1 or less (null 0)" : said, ""]);
  }
  if (value("in-degree") !== undefined && !run.graph.lacks(row)) facts.push(["in-degree", `${value("in-degree")} (mean ${state.k})`, ""]);
  for (const { name, values } of data.metadata) {
    if (values[row]) facts.push([name, shortened(values[row], data.longest), ""]);
  }
  return facts;
}

// The prediction in words, and whether it is right.
function answer(run, row, confidence) {
  const known = worded(run.predictions[row]);
  const sure = confidence === undefined ? "" : ` (${told(confidence)})`;
  if (!spoken || !data.labels[row]) return [known + sure, ""];
  const right = String(run.predictions[row]) === String(data.labels[row]);
  return [`${known}${sure} ${right ? "✓" : "✗"}`, right ? "right" : "wrong"];
}

function ofPoint(panel, row) {
  const run = runs()[panel];
  const { title, picture, text } = entry(row);
  const rows = nearest(run, row, MOST_ROWS);
  const same = nearest(run, row, state.k).filter((one) => one.same).length;
  const others = runs().filter((other) => other !== run && !other.graph.lacks(row));
  const elsewhere = others.map((other) => {
    const near = new Set(nearest(run, row, state.k).map((one) => one.row));
    const shared = nearest(other, row, state.k).filter((one) => near.has(one.row)).length;
    return {
      heading: `in ${shortened(other.variant, 40)}, ${shared} of ${state.k} shared`,
      rows: nearest(other, row, MOST_TILES),
    };
  });
  return {
    title: state.shown.length > 1 ? `${title} in ${run.variant}` : title, picture, text,
    facts: factsOf(run, row), elsewhere, rows,
    heading: run.graph.lacks(row) ? data.lacking
      : `${state.k} nearest in the ${data.space} space${run.same && data.labels[row] ? `, ${same} with its label` : ""}`,
    more: state.k > MOST_ROWS && rows.length ? `${MOST_ROWS} of ${state.k} shown` : "",
  };
}

function ofSelection() {
  const { rows } = state;
  const counts = new Map();
  const judged = rows.filter((row) => data.labels?.[row]);
  judged.forEach((row) => counts.set(spoken[row], (counts.get(spoken[row]) || 0) + 1));
  const ranked = [...counts].sort((a, b) => b[1] - a[1]);
  const rest = ranked.slice(5).reduce((sum, [, count]) => sum + count, 0);
  const last = [["other labels", rest], [data.noLabel, spoken ? rows.length - judged.length : 0]];
  const facts = ranked.slice(0, 5).map(([name, count]) => [name, whole(count), ""]);
  return {
    title: `${whole(rows.length)} selected`, picture: "", text: "", elsewhere: [],
    facts: [...facts, ...last.filter(([, count]) => count).map(([name, count]) => [name, whole(count), ""])],
    heading: "in the order of the data", rows: rows.slice(0, MOST_ROWS).map((row) => entry(row)),
    more: rows.length > MOST_ROWS ? `${MOST_ROWS} of ${whole(rows.length)} shown` : "",
  };
}

function drawPane() {
  const { rows } = state;
  let content = { hint: data.hint };
  if (pointed) content = ofPoint(pointed.panel, pointed.row);
  else if (rows.length === 1) content = ofPoint(state.focus, rows[0]);
  else if (rows.length) content = ofSelection();
  drawDetail(parts.detail, content, ({ words: [row] }) => row >= 0 && change({ rows: [row] }));
}

// The strip: numbers of the whole come from Python, those of the selection from here

const SELECTED = {
  accuracy: {
    value: (run) => accuracy(data.labels, run.predictions, state.rows, classes),
    chance: () => constantShare(data.labels, state.rows, classes),
  },
  purity: {
    value: (run) => meanOf(purityOf(run), state.rows),
    chance: () => meanOf(chance, state.rows),
  },
};

function family(run) {
  return data.allSeeds ? data.variants.find(({ name }) => name === run.variant).runs : [];
}

function cellOf(run, column, cell) {
  const { rows } = state;
  if (!rows.length) return cell;
  if (column.name in SELECTED) {
    const { value, chance: null_ } = SELECTED[column.name];
    const all = family(run).map(value);
    return {
      ...cell, selected: told(value(run)), selectedBand: bandOf(all, data.student[all.length]),
      nulls: [`${cell.nulls[0]}, ${told(null_())}`],
    };
  }
  if (!column.rewiring || run === against(run)) return cell;
  const one = against(run);
  const other = data.allSeeds && base.runs.find((found) => found !== one);
  const nulls = [...cell.nulls];
  if (other) nulls[1] += `, ${told(meanOf(rewiringOf(one, other), rows))}`;
  return { ...cell, selected: told(meanOf(rewiringOf(run), rows)), nulls };
}

function drawNumbers() {
  const step = data.steps.indexOf(state.k);
  let caption = data.counts;
  if (state.rows.length) caption += `, ${whole(state.rows.length)} selected (second number)`;
  if (data.banded) caption += "; brackets: mean over seeds, 95% interval";
  drawStrip(parts.strip, {
    caption, columns: data.columns,
    rows: runs().map((run, i) => ({
      name: shortened(run.variant, 40), focused: i === state.focus && state.shown.length > 1,
      cells: run.strip[step].map((cell, j) => cellOf(run, data.columns[j], cell)),
    })),
  });
}

// What happens

function draw() {
  drawMaps();
  drawPane();
  drawNumbers();
  controls.forEach((one) => one.show(state));
  parts.clear.disabled = parts.copy.disabled = parts.save.disabled = !state.rows.length;
  parts.undo.disabled = !past.length;
}

function change(patch, by = "") {
  if (!by || by !== merged) past.push(state);
  merged = by;
  if ("rows" in patch || "shown" in patch) pointed = null;
  state = { ...state, ...patch };
  state.focus = Math.min(state.focus, state.shown.length - 1);
  draw();
  if ("rows" in patch) say(state.rows.length ? `${whole(state.rows.length)} selected` : "nothing selected");
}

function undo() {
  if (!past.length) return;
  state = past.pop();
  merged = "";
  pointed = null;
  draw();
}

function say(text) {
  parts.status.textContent = text;
}

function union(rows) {
  return [...new Set([...state.rows, ...rows])].sort((a, b) => a - b);
}

function search(text) {
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!asked.length) return;
  const run = runs()[state.focus];
  const rows = data.ids.map((_, row) => row).filter((row) => {
    const here = `${words[row]} ${run.predictions ? worded(run.predictions[row]).toLowerCase() : ""}`;
    return asked.every((word) => here.includes(word));
  });
  change({ rows });
  if (!rows.length) say(`no point has “${text}” in its words`);
}

function toggle(name) {
  const names = data.variants.map((variant) => variant.name);
  const on = names.filter((one) => state.shown.includes(one) !== (one === name));
  if (on.length && on.length <= MOST_PANELS) change({ shown: on });
  else say(`1 to ${MOST_PANELS} variants are shown side by side`);
}

function blank(value) {
  return Number.isNaN(value) ? "" : value;
}

function tableOf(rows) {
  const run = runs()[state.focus];
  const columns = [
    ["id", (row) => data.ids[row]], spoken && ["label", (row) => spoken[row]],
    run.predictions && ["prediction", (row) => worded(run.predictions[row])],
    run.same && ["purity", (row) => purityOf(run)[row]],
    ["rewiring", (row) => rewiringOf(run)[row]], data.texts && ["text", (row) => data.texts[row]],
  ].filter(Boolean);
  return [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, of]) => blank(of(row))))];
}

const parts = {};
const what = add(app, "div", "rv-bar");
const how = add(app, "div", "rv-bar");
const main = add(app, "div", "rv-main");
const map = add(main, "div", "rv-map");
const controls = [
  toggles(what, "shown", "Variants side by side", data.variants.map(({ name }) => name), toggle),
  choice(what, "seed", "Seed", seeds, (seed) => change({ seed })),
  choice(what, "color", "Colour by", data.colors.map(({ name }) => name), (color) => change({ color })),
  slider(how, data.steps, (k) => change({ k }, "k")),
  toggles(how, "edges", "Edges", data.variants.length > 1 || base.runs.length > 1
    ? ["none", "all", "kept", "gained", "lost"] : ["none", "all"], (edges) => change({ edges })),
  searchBox(how, search),
];
const actions = add(how, "div", "rv-actions");
parts.undo = action(actions, "Undo", "go back to what was shown before", undo);
parts.clear = action(actions, "Clear selection", "select nothing", () => change({ rows: [] }));
parts.copy = action(actions, "Copy ids", "copy the ids of the selected points, a line each", async () => {
  const done = await copy(state.rows.map((row) => data.ids[row]).join("\n"));
  say(done ? `copied ${whole(state.rows.length)} ids` : "the browser did not let the ids be copied");
});
parts.save = action(actions, "Save CSV", "save a table of the selected points", () => save("selected.csv", asCsv(tableOf(state.rows))));
parts.status = add(how, "div", "rv-status");
parts.status.setAttribute("role", "status");
const region = (parent, name, role, label) => {
  const node = add(parent, "div", name);
  node.setAttribute("role", role);
  node.setAttribute("aria-label", label);
  return node;
};

app.hidden = false; // a hidden map has no size
still.hidden = true;
const scene = createScene(add(map, "div", ""), {
  lasso: (panel, xs, ys, extend) => {
    const found = rowsInside(runs()[panel].x, runs()[panel].y, xs, ys);
    change({ rows: extend ? union(found) : found, focus: panel });
  },
  click: (panel, row, extend) => change({ rows: extend ? union([row]) : [row], focus: panel }),
  hover: (panel, row) => {
    if (row < 0 && state.rows.length < 2) return; // the way to its neighbours leads out of the map
    pointed = row < 0 ? null : { panel, row };
    drawPane();
  },
  clear: () => state.rows.length && change({ rows: [] }),
  focus: (panel) => change({ focus: panel }),
});
parts.key = region(map, "rv-key", "group", "legend");
parts.detail = region(main, "rv-detail", "region", "details");
parts.strip = region(app, "rv-strip", "region", "metrics");
parts.strip.tabIndex = 0; // it scrolls by itself where the page is narrow
scene.points({ names: data.ids, words: spoken || [] });
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || typing) return;
  event.preventDefault();
  undo();
});
draw();
// For tests, and for those who look behind the page.
window.refnetViz = {
  data, scene, change, undo, search, state: () => state, colors: () => colored(),
  edges: (name, kind) => [...ends(edgesOf(runOf(name), kind), data.count)],
  table: () => tableOf(state.rows),
};
