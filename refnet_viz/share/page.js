// The explorer without a kernel: state, and what is drawn of it.
const app = document.getElementById("app");
const still = document.getElementById("still");
const data = JSON.parse(document.getElementById("payload").textContent);
const MOST_ROWS = 20;
const MOST_NEIGHBORS = 50;
const MOST_CLASSES = 5; // of a selection, counted one by one
const MOST_PANELS = 4;
const classes = data.multi ? data.classes.length : 0;
data.ids ??= Array.from({ length: data.count }, (_, row) => String(row));
const chance = data.purityChance && unpack(data.purityChance, "f4");
const kept = new Map(); // what was worked out before, by name

data.variants.forEach((variant, number) => variant.runs.forEach((run) => {
  run.variant = variant.name;
  run.index = data.variants.slice(0, number).reduce((sum, one) => sum + one.runs.length, 0)
    + variant.runs.indexOf(run);
  const [left, low, step] = run.box ?? [];
  run.x = run.box ? unstepped(unpack(run.x, "u2"), left, step) : unpack(run.x, "f4");
  run.y = run.box ? unstepped(unpack(run.y, "u2"), low, step) : unpack(run.y, "f4");
  run.graph = graphOf(run);
  if (run.clusters) run.clusters.codes = unpack(run.clusters.codes, "u2");
}));
data.graphs.forEach((graph) => Object.assign(graph, graphOf(graph)));
// A graph as it is stored; a row that lacks the space has the largest number everywhere.
function graphOf({ neighbors, most, among, same, judged }) {
  const near = unpack(neighbors, data.wide);
  const none = 256 ** near.BYTES_PER_ELEMENT - 1;
  return {
    near, most, among, count: data.count,
    same: same && unpack(same, "u1"), judged: judged && unpack(judged, "u1"),
    lacks: (row) => !data.hasNeighbors || near[row * most] === none,
  };
}

const base = data.variants.find(({ name }) => name === data.baseline);
const seeds = [...new Set(data.variants.flatMap(({ runs }) => runs.map(({ seed }) => seed)))];
const spoken = data.labels && data.labels.map(worded);
const searched = data.metadata.filter((column) => column.searched);
const MOST_UNDONE = 100; // steps
const TOGETHER = 1000; // milliseconds within which moves of one slider are one step

const kinds = data.variants.length > 1 ? ["none", "all", "kept", "gained", "lost"] : ["none", "all"];
if (!data.hasNeighbors) kinds.splice(1);
const written = { // the page as it was written
  shown: data.shown, seed: data.seed, color: data.color, k: data.k,
  edges: "none", rows: [], focus: 0, names: data.names, looks: data.looks,
};
const has = {
  names: data.variants.map(({ name }) => name), seeds, colors: data.colors.map(({ name }) => name),
  steps: data.steps, edges: kinds, count: data.count,
};
const LINKED = 250; // milliseconds until the address follows
let linking = 0;
let wanted = asked(location.hash, written, has);
let state = { ...written, ...wanted.patch };
const touched = matchMedia("(hover: none) and (pointer: coarse)");
const TOUCH = "Tap a dot to see it here with its neighbours. Draw around dots with the lasso to "
  + "select them; the tool with four arrows moves the map, plus and minus enlarge it.";
let mode = data.mode;
let look = data;
const PASSED = 500; // milliseconds
const views = new Set();
let looked = { view: "", by: "", at: -Infinity, fresh: false };
let lookedBefore = state.looks - 1;
let past = [];
let moved = { by: "", at: -Infinity }; // the control that was moved last, and when
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
  if (run === against(run)) {
    const other = kind === "gained" ? undefined : counterpart();
    return other ? edgesOf(other, kind) : [];
  }
  const name = `changed ${run.index} ${state.k}`;
  return remember(name, () => changed(keysOf(against(run)), keysOf(run)))[kind];
}

// Whether a map is compared with that of the baseline that is shown.
function differs(run) {
  return run !== against(run) && runs().includes(against(run));
}

// The map that the baseline's own is compared with.
function counterpart() {
  const all = runs();
  return [all[state.focus], ...all].find(differs);
}

function purityOf(run) {
  return remember(`purity ${run.index} ${state.k}`, () => purity(run.graph, state.k));
}

function rewiringOf(run, other = against(run)) {
  return remember(`rewiring ${run.index} ${other.index} ${state.k}`,
    () => rewired(run.graph, other.graph, state.k));
}

function degreeOf(run) {
  return remember(`degree ${run.index} ${state.k}`, () => inDegree(run.graph, state.k));
}

// Colours

function colorOf(name) {
  return data.colors.find((color) => color.name === name);
}

function valuesOf(color, run) {
  if (color.name === "purity") return purityOf(run);
  if (color.name === "rewiring") return rewiringOf(run);
  if (color.name === "in-degree") return degreeOf(run);
  const column = color.columns.length > 1 ? run.index : 0;
  return remember(`color ${color.name} ${column}`,
    () => unpack(color.columns[column], color.names.length ? "u2" : "f4"));
}

// Single points far below the lowest would take the whole scale.
function cut(color, values) {
  if (color.lowest === undefined) return { values, title: titleOf(color) };
  const worse = values.reduce((sum, each) => sum + each.filter((v) => v < color.lowest).length, 0);
  const below = worse ? `; ${whole(worse)} below ${color.lowest} as ${color.lowest})` : ")";
  const raised = values.map((each) => each.map((v) => (v < color.lowest ? color.lowest : v)));
  return { values: raised, title: color.title + below };
}

function titleOf(color) {
  if (color.name === "rewiring") return `rewiring from ${data.baseline}`;
  if (color.name === "in-degree") return `in-degree (mean ${state.k}): hubs are high`;
  return color.title ?? color.name;
}

function stylesOf(color) {
  return look.styles?.[color.name] ?? color.styles;
}

function colored() {
  const color = colorOf(state.color);
  const { values, title } = cut(color, runs().map((run) => valuesOf(color, run)));
  if (color.names?.length) {
    const panels = values.map((codes) => ({ codes, values: null }));
    return { title, color, panels, styles: stylesOf(color), scale: null };
  }
  const [low, high] = span(values);
  const lowText = color.lowText ?? shortNumber(low);
  const highText = color.highText ?? shortNumber(high);
  const scale = { low, high, colors: look.ramp, lowText, highText };
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

function share(chosen, count) {
  if (!chosen) return "none";
  return chosen === count ? "all" : "some";
}

function countsOf(codes, size, rows) {
  const counts = new Array(size).fill(0);
  (rows ?? data.ids.map((_, row) => row)).forEach((row) => { counts[codes[row]] += 1; });
  return counts;
}

function entriesOf({ color, panels, scale }) {
  if (scale || color.names.length < 2) return { entries: [], listed: data.listed, other: null };
  const { codes: points } = panels[state.focus];
  const counts = countsOf(points, color.names.length);
  const chosen = countsOf(points, color.names.length, state.rows);
  const codes = new Set(panels.flatMap((panel) => [...new Set(panel.codes)]));
  const entries = color.names.map((name, code) => ({
    name, full: color.full[code], color: stylesOf(color)[code][0], symbol: stylesOf(color)[code][1],
    codes: [code], count: counts[code], on: share(chosen[code], counts[code]),
  })).filter((_, code) => codes.has(code));
  if (entries.length > data.listed) entries.sort((one, other) => other.count - one.count);
  const rest = entries.slice(data.listed).flatMap((one) => one.codes);
  const sum = (values) => rest.reduce((total, code) => total + values[code], 0);
  const other = rest.length ? {
    name: `${rest.length} other${rest.length > 1 ? "s" : ""}`, codes: rest,
    count: sum(counts), on: share(sum(chosen), sum(counts)),
  } : null;
  return { entries, listed: data.listed, other };
}

function keyOf(colors) {
  const compared = runs().some((run) => run !== against(run));
  const lines = data.hasNeighbors ? look.lines[compared ? "compared" : "alone"] : [];
  const { title, scale } = colors;
  return { title, scale, ...entriesOf(colors), lines, linesTitle: data.linesTitle };
}

function pick(codes, how) {
  const points = colored().panels[state.focus].codes;
  const members = data.ids.map((_, row) => row).filter((row) => codes.includes(points[row]));
  if (how === "add") change({ rows: union(members) });
  else if (how === "remove") change({ rows: state.rows.filter((row) => !codes.includes(points[row])) });
  else change({ rows: String(members) === String(state.rows) ? [] : members });
}

// Maps

function edgeNote(run, keys, drawn) {
  const { edges, rows } = state;
  const changing = edges !== "all";
  const other = changing && run === against(run) && counterpart();
  if (other === undefined || (other && edges === "gained")) return `this is the baseline: nothing is ${edges}`;
  const one = keys.length === 1;
  const noun = `${changing ? `${edges} ` : ""}${one ? "edge" : "edges"}`;
  const count = drawn.length === keys.length ? `${whole(keys.length)} ${noun}`
    : `${whole(drawn.length)} of ${whole(keys.length)} ${noun} drawn`;
  const touch = rows.length ? ` that ${one ? "touches" : "touch"} the selection` : "";
  return `${count}${touch}${other ? ` (in ${shortened(other.variant, 40)})` : ""}`;
}

function panelOf(run, colors, colorTitle, share, named) {
  const { edges, rows } = state;
  let keys = edgesOf(run);
  if (rows.length) keys = touching(keys, rows, data.count);
  const drawn = evenly(keys, share);
  const joined = (parts) => parts.filter(Boolean).join(", ");
  const ofEdges = joined([edges !== "none" && edgeNote(run, keys, drawn), named && data.clusterNote]);
  const notes = [joined([data.spaceNote, run.explained]), run.note];
  if (ofEdges) notes.push(ofEdges);
  const seed = data.alone ? "" : `, seed ${run.seed}`;
  const title = `${shortened(run.variant, 40)}${seed}`;
  const selected = rows.length ? `, ${whole(rows.length)} selected` : "";
  const color = colorTitle ? `, coloured by ${colorTitle}` : "";
  const style = look.edges[edges];
  return {
    title, notes, x: run.x, y: run.y, ...colors,
    summary: `Map of ${title}: ${whole(data.count)} points${selected}${color}; ${notes.join("; ")}.`,
    edges: style && drawn.length ? [{ ...style, pairs: ends(drawn, data.count) }] : [],
  };
}

// The neighbours of every point in every map, and in the baseline's graph.
function nearOf() {
  const all = runs();
  const graphs = [...new Set([...all, ...all.map(against)])];
  const first = all.find(differs);
  const panels = all.map((run) => {
    const gains = run !== against(run);
    const after = gains ? run : first ?? run;
    return { before: graphs.indexOf(against(run)), after: graphs.indexOf(after), gains };
  });
  const lists = graphs.map(({ graph }) => ({ width: graph.most, values: graph.near }));
  return { k: state.k, count: data.count, lists, panels, styles: look.changes };
}

// Whether names of communities are on the maps: colour has no classes to name.
function clustered({ color, scale }) {
  return state.names !== "never" && (scale || color.names.length < 2) && runs().every((run) => run.clusters);
}

// Names of classes or communities on the maps.
function wordsOf(colors) {
  const names = colors.scale ? [] : colors.color.words;
  const auto = state.names === "auto";
  if (clustered(colors)) return { names: null, panels: runs().map((run) => run.clusters), least: auto ? data.leastWide : 0 };
  if (state.names === "never" || !names.length || (auto && names.length > data.mostAtFirst)) return null;
  return { names, panels: null, least: auto ? data.leastWide : 0 };
}

function mapsOf(colors) {
  const share = Math.floor(data.mostEdges / state.shown.length);
  return {
    mode, together: data.together, size: data.size, focus: state.focus,
    styles: colors.styles, scale: colors.scale,
    panels: runs().map((run, i) => panelOf(run, colors.panels[i], colors.title, share, clustered(colors))),
    selected: state.rows.length ? Uint32Array.from(state.rows) : null,
    pinned: state.rows.length <= 2 ? state.rows : [],
    words: wordsOf(colors), near: nearOf(),
  };
}

// Details

const missing = Object.entries(data.missing).map(([name, bits]) => [name, unpack(bits, "u1")]);

function lackedBy(row) {
  return missing.filter(([, bits]) => bit(bits, row)).map(([name]) => name);
}

function entry(row, same = null) {
  if (row >= data.count) return { row: -1, title: "a point that is not in the sample", text: "", picture: "", same };
  const text = data.texts ? clipped(data.texts[row], data.longest) : "";
  return { row, title: data.ids[row], text, picture: data.pictures?.[row] || "", same };
}

function nearest(graph, row, most) {
  if (graph.lacks(row)) return [];
  const start = row * graph.most;
  const judged = graph.same && data.labels[row];
  return [...graph.near.subarray(start, start + Math.min(state.k, graph.most, most))].map(
    (other, i) => entry(other, judged ? bit(graph.same, start + i) === 1 : null),
  );
}

// What a point lacks, its label and its prediction: the facts shown first.
function answersOf(run, row) {
  const facts = lackedBy(row).map((name) => ["has no", name, ""]);
  if (spoken) facts.push(["label", spoken[row], ""]);
  if (run.predictions) facts.push(["prediction", ...predictionOf(run, row)]);
  return facts;
}

function factsOf(run, row) {
  const facts = answersOf(run, row);
  const { graph } = run;
  if (graph.same && !Number.isNaN(purityOf(run)[row])) {
    facts.push(["purity", `${told(purityOf(run)[row])} (chance ${told(chance[row])})`, ""]);
  }
  if (run !== against(run) && !Number.isNaN(rewiringOf(run)[row])) {
    facts.push([`rewiring from ${data.baseline}`, told(rewiringOf(run)[row]), ""]);
  }
  for (const { modality, name } of data.responsibilities) {
    if (lackedBy(row).includes(modality)) continue;
    const { mean, why } = run.responsibility[modality];
    const value = told(valuesOf(colorOf(name), run)[row]);
    facts.push([name, why || `${value} (null 0, all ${mean})`, ""]);
  }
  if (colorOf("in-degree") && !graph.lacks(row)) {
    facts.push(["in-degree", `${degreeOf(run)[row]} (mean ${state.k})`, ""]);
  }
  for (const column of data.metadata) {
    const text = shortened((column.fact && metadataOf(column, run)?.[row]) || "", data.longest);
    if (text) facts.push([column.name, text, ""]);
  }
  return facts;
}

// The texts of a column of the metadata in a run, which may lack it.
function metadataOf({ values }, run) {
  return values[values.length > 1 ? run.index : 0];
}

function isRight(run, row) {
  if (!spoken || !data.labels[row]) return null;
  return String(run.predictions[row]) === String(data.labels[row]);
}

// The prediction in words, and whether it is right.
function predictionOf(run, row) {
  const color = colorOf("confidence");
  const sure = color ? ` (${told(valuesOf(color, run)[row])})` : "";
  const right = isRight(run, row);
  const sign = right === null ? "" : ` ${right ? "✓" : "✗"}`;
  const mark = right === null ? "" : right ? "right" : "wrong";
  return [worded(run.predictions[row]) + sure + sign, mark];
}

function headingOf(space, graph, run, row) {
  if (graph.lacks(row)) return { heading: space.lacking, rows: [] };
  let heading = `in the ${space.name} space`;
  const k = Math.min(state.k, graph.most);
  if (!run.graph.lacks(row)) {
    const here = new Set(nearest(run.graph, row, state.k).map((one) => one.row));
    const both = nearest(graph, row, k).filter((one) => here.has(one.row)).length;
    heading += `, ${both} of ${k} shared`;
  }
  return { heading, rows: nearest(graph, row, MOST_NEIGHBORS) };
}

function ofPoint(panel, row) {
  const run = runs()[panel];
  const { graph } = run;
  const { title, picture, text } = entry(row);
  const rows = nearest(graph, row, MOST_NEIGHBORS);
  const same = nearest(graph, row, state.k).filter((one) => one.same).length;
  const shared = graph.same && data.labels[row] ? `, ${same} with its label` : "";
  const lacks = graph.lacks(row);
  return {
    title: state.shown.length > 1 ? `${title} in ${run.variant}` : title, picture, text,
    facts: factsOf(run, row),
    heading: lacks ? data.lacking : `${state.k} nearest in the ${data.space} space${shared}`,
    rows,
    more: state.k > MOST_NEIGHBORS && !lacks ? `${MOST_NEIGHBORS} of ${whole(state.k)} shown` : "",
    answers: answersOf(run, row).length,
    elsewhere: data.otherSpaces.map(
      (space, i) => headingOf(space, data.graphs[run.others[i]], run, row),
    ),
  };
}

function ofSelection() {
  const { rows } = state;
  const counts = new Map();
  const judged = rows.filter((row) => data.labels?.[row]);
  judged.forEach((row) => counts.set(spoken[row], (counts.get(spoken[row]) || 0) + 1));
  const ranked = [...counts].sort((a, b) => b[1] - a[1]);
  const rest = ranked.slice(MOST_CLASSES).reduce((sum, [, count]) => sum + count, 0);
  const last = [["other labels", rest], [data.noLabel, spoken ? rows.length - judged.length : 0]];
  const lines = [...ranked.slice(0, MOST_CLASSES), ...last.filter(([, count]) => count)];
  return {
    title: `${whole(rows.length)} selected`, picture: "", text: "", elsewhere: [],
    facts: lines.map(([name, count]) => [name, whole(count), ""]), answers: MOST_CLASSES + 2,
    heading: "in the order of the data", rows: rows.slice(0, MOST_ROWS).map((row) => entry(row)),
    more: rows.length > MOST_ROWS ? `${MOST_ROWS} of ${whole(rows.length)} shown` : "",
  };
}

// How near two points are in a graph; how far its lists reach is all that is known.
function between(graph, [one, other]) {
  if (!data.hasNeighbors) return { words: data.lacking, facts: [], rows: [] };
  if (graph.lacks(one) || graph.lacks(other)) return { words: "not both have it", facts: [], rows: [] };
  const { near, most, among: others } = graph;
  const k = Math.min(state.k, most);
  const of = (row) => near.subarray(row * most, (row + 1) * most);
  const places = [of(one).indexOf(other), of(other).indexOf(one)];
  const ranks = places.map((at) => (at < 0 ? `beyond ${most}` : whole(at + 1)));
  const ways = ["none", "one way", "both ways"][places.filter((at) => at >= 0 && at < k).length];
  const share = k / others;
  const those = new Set(of(other).subarray(0, k));
  const shared = [...of(one).subarray(0, k)].filter((row) => those.has(row));
  return {
    words: `${shared.length} of ${k} neighbours shared (chance ${told((others - 1) * share ** 2)})`,
    facts: [
      ["ranks", `${ranks[0]} and ${ranks[1]} of ${whole(others)} (chance ${whole((others + 1) / 2)})`, ""],
      [`edge at k = ${k}`, `${ways} (chance of one ${told(1 - (1 - share) ** 2)})`, ""],
    ],
    rows: shared.slice(0, MOST_NEIGHBORS).map((row) => entry(row)),
  };
}

function ofPair(pair) {
  const all = runs();
  const run = all[state.focus];
  const own = between(run.graph, pair);
  const space = `in the ${data.space} space`;
  const spaces = [
    ...all.filter((other) => other !== run)
      .map((other) => [`${space} of ${shortened(other.variant, 40)}`, other.graph]),
    ...data.otherSpaces.map(({ name }, i) => [`in the ${name} space`, data.graphs[run.others[i]]]),
  ];
  const title = pair.map((row) => data.ids[row]).join(" and ");
  return {
    title: all.length > 1 ? `${title} in ${run.variant}` : title, picture: "", text: "",
    pair: pair.map((row) => ({ entry: entry(row), facts: answersOf(run, row) })),
    facts: own.facts, answers: own.facts.length,
    heading: `${space}: ${own.words}`, rows: own.rows, more: "",
    elsewhere: spaces.map(([heading, graph]) => {
      const { words, facts, rows } = between(graph, pair);
      return { heading: `${heading}: ${words}`, facts, rows };
    }),
  };
}

function clicked(row, extend) {
  const { rows } = state;
  if (extend) return rows.includes(row) ? rows.filter((one) => one !== row) : union([row]);
  return rows.length === 1 && rows[0] !== row ? union([row]) : [row];
}

// The named communities of the map in focus, each by its central member.
function communities() {
  if (!clustered(colored())) return {};
  const { names, members, more } = runs()[state.focus].clusters;
  const rows = members.map(([row, number, size, side]) => ({
    ...entry(row),
    title: names[number] || data.noName,
    text: [`${size.toLocaleString("en-US")} points`, side].filter(Boolean).join(", "),
  }));
  return { heading: data.communities, rows, more };
}

function detailOf() {
  const { rows } = state;
  if (pointed) return ofPoint(pointed.panel, pointed.row);
  if (rows.length === 1) return ofPoint(state.focus, rows[0]);
  if (rows.length === 2) return ofPair(rows);
  if (rows.length) return ofSelection();
  return { hint: touched.matches ? TOUCH : data.hint, ...communities() };
}

function drawPane() {
  const act = ({ words: [row] }) => row >= 0 && change({ rows: [row] });
  drawDetail(parts.detail, detailOf(), act, data.terms);
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
  if (!rows.length || (!data.hasNeighbors && column.name !== "accuracy")) return cell;
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

// What the cell of each variant and column says of its difference from the baseline.
function verdicts() {
  const step = data.steps.indexOf(state.k);
  const columns = new Map(data.columns.map((column) => [column.name, column]));
  const questions = state.shown.flatMap((variant) => {
    const own = data.variants.find(({ name }) => name === variant).questions[step];
    return own.map((one) => ({ ...columns.get(one.column), ...one, variant }));
  });
  const corrected = correctedP(questions, data.rule, state.looks);
  const size = `${counted(questions.length, "question")} in each of ${counted(state.looks, "view")}`;
  return new Map(questions.map((one, i) => [`${one.column} ${one.variant}`, {
    verdict: verdictOf(one, corrected[i], data.rule), beside: one.beside ?? "",
    why: one.p === null ? "" : `${one.interval}; p ${pWords(one.p)}, corrected ${pWords(corrected[i])} for ${size}`,
  }]));
}

function stripOf() {
  const step = data.steps.indexOf(state.k);
  const judged = verdicts();
  let caption = data.counts;
  if (state.rows.length) caption += `, ${whole(state.rows.length)} selected (second number)`;
  const several = data.variants.some(({ name, seeds: count }) => count > 2 && state.shown.includes(name));
  if (several) caption += "; brackets: mean over seeds, 95% interval";
  return {
    caption, columns: data.columns,
    rows: runs().map((run, i) => ({
      name: shortened(run.variant, 40), focused: i === state.focus && state.shown.length > 1,
      cells: run.strip[step].map((cell, j) => ({
        ...data.rule.none, ...cellOf(run, data.columns[j], cell), ...judged.get(`${data.columns[j].name} ${run.variant}`),
      })),
    })),
    views: `1 of ${whole(state.looks)} view${state.looks === 1 ? "" : "s"}`,
  };
}

// Views that were looked at, each once: the best of many looks good by chance, and the
// verdicts pay for all. A value that a slider leaves within half a second was passed.

function countView(by) {
  const view = JSON.stringify([has.names.filter((name) => state.shown.includes(name)), state.k]);
  if (view !== looked.view) {
    const at = performance.now();
    if (looked.fresh && by && by === looked.by && at - looked.at < PASSED) views.delete(looked.view);
    looked = { view, by, at, fresh: !views.has(view) };
    views.add(view);
  }
  state = { ...state, looks: lookedBefore + views.size };
}

// What happens

function draw(by = "") {
  countView(by);
  const colors = colored();
  scene.draw(mapsOf(colors));
  drawSwitcher(switcher, scene.data, (focus) => change({ focus }));
  drawKey(parts.key, keyOf(colors), pick, data.terms);
  drawPane();
  drawStrip(parts.strip, stripOf(), undefined, data.terms);
  controls.forEach((one) => one.show(state));
  parts.clear.disabled = parts.copy.disabled = parts.save.disabled = parts.safe.disabled = !state.rows.length;
  parts.undo.disabled = !past.length;
  link();
}

// A page that has the colours of both modes is shown in either.
function dress(now) {
  mode = now;
  look = data.dark && mode === "dark" ? data.dark : data;
  app.classList.toggle("rv-dark", mode === "dark");
  app.classList.toggle("rv-light", mode === "light");
  draw();
}

// Writes into the address what is shown, without leaving steps for the back button.
function link() {
  clearTimeout(linking);
  linking = setTimeout(linkNow, LINKED);
}

function linkNow() {
  clearTimeout(linking);
  const { view, plot } = scene.panels[0];
  const zoom = {
    zoom: view.zoom, x: view.x / plot.clientWidth || 0, y: view.y / plot.clientHeight || 0,
  };
  const address = addressOf(state, written, zoom);
  if (address === location.hash.slice(1)) return;
  try {
    history.replaceState(null, "", address ? `#${address}` : location.href.split("#")[0]);
  } catch { /* a page in a page may have no address */ }
}

function enlarge(zoom) {
  if (!zoom) return;
  for (const { view, plot } of scene.views()) {
    const [x, y] = [zoom.x * plot.clientWidth, zoom.y * plot.clientHeight];
    Object.assign(view, { zoom: zoom.zoom, x, y });
  }
  scene.schedule();
}

function sayStrange() {
  const { strange } = wanted;
  if (strange.length) say(`this page has no ${strange.map((part) => `“${clipped(part, 40)}”`).join(", ")}`);
}

// The address was changed by hand, or a link within the page was followed.
function follow() {
  wanted = asked(location.hash, written, has);
  if (location.hash.slice(1) === addressOf(state, written, { zoom: 1, x: 0, y: 0 })) return;
  lookedBefore = Math.max(lookedBefore, (wanted.patch.looks ?? 1) - 1);
  change({ ...written, ...wanted.patch, looks: state.looks });
  scene.reset();
  enlarge(wanted.zoom);
  sayStrange();
}

function changes(one, other) {
  return Object.keys(one).some((name) => name !== "focus" && String(one[name]) !== String(other[name]));
}

function change(patch, by = "") {
  const before = state;
  const focused = state.shown[state.focus];
  state = { ...state, ...patch };
  if ("shown" in patch && !("focus" in patch)) state.focus = Math.max(state.shown.indexOf(focused), 0);
  // To look at another map changes nothing of what is shown.
  if (changes(before, state)) {
    const now = performance.now();
    if (!by || by !== moved.by || now - moved.at > TOGETHER) past = [...past.slice(1 - MOST_UNDONE), before];
    moved = { by, at: now };
  }
  if ("rows" in patch || state.shown[state.focus] !== focused) pointed = null;
  draw(by);
  if ("rows" in patch) say(state.rows.length ? `${whole(state.rows.length)} selected` : "nothing selected");
}

function undo() {
  if (!past.length) return;
  state = past[past.length - 1];
  past = past.slice(0, -1);
  moved = { by: "", at: -Infinity };
  pointed = null;
  draw();
}

function say(text) {
  parts.status.textContent = text;
}

function union(rows) {
  return [...new Set([...state.rows, ...rows])].sort((a, b) => a - b);
}

function linesOf(run) {
  return remember(`lines ${run.index}`, () => data.ids.map((id, row) => folded([
    id, spoken?.[row], run.predictions && worded(run.predictions[row]),
    data.texts?.[row], ...searched.map((column) => metadataOf(column, run)?.[row]),
  ].filter((text) => text !== undefined && text !== null).join(" "))));
}

function search(text) {
  const asked = folded(text).split(/\s+/).filter(Boolean);
  const lines = linesOf(runs()[state.focus]);
  const rows = [];
  if (asked.length) {
    lines.forEach((line, row) => asked.every((word) => line.includes(word)) && rows.push(row));
  }
  change({ rows });
  if (asked.length && !rows.length) say(`no point has “${text}” in its words`);
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
  const right = { true: "True", false: "False", null: "" };
  const confidence = colorOf("confidence");
  const columns = [
    ["id", (row) => data.ids[row]], spoken && ["label", (row) => spoken[row]],
    run.predictions && ["prediction", (row) => worded(run.predictions[row])],
    run.predictions && spoken && ["correct", (row) => right[isRight(run, row)]],
    confidence && ["confidence", (row) => valuesOf(confidence, run)[row]],
    data.texts && ["text", (row) => data.texts[row]],
    run.graph.same && ["purity", (row) => purityOf(run)[row]],
    data.hasNeighbors && ["rewiring", (row) => rewiringOf(run)[row]],
    colorOf("in-degree") && ["in_degree", (row) => degreeOf(run)[row]],
    ...data.responsibilities.map(({ name }) => [name, (row) => valuesOf(colorOf(name), run)[row]]),
    ...data.metadata.filter((column) => column.header !== null && metadataOf(column, run))
      .map((column) => [column.header, (row) => metadataOf(column, run)[row]]),
  ].filter(Boolean);
  return [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, of]) => blank(of(row))))];
}

function saveTable(safe = false) {
  save("selected.csv", asCsv(tableOf(state.rows), safe));
}

const parts = {};
const bar = add(app, "div", "rv-bar");
const more = add(app, "div", "rv-more");
more.setAttribute("role", "group");
more.setAttribute("aria-label", "further controls");
const switcher = add(app, "div", "rv-switcher");
const main = add(app, "div", "rv-main");
parts.status = add(main, "div", "rv-status");
parts.status.setAttribute("role", "status");
const map = add(main, "div", "rv-map");
const controls = [];
const put = (key, made) => controls.push({ show: (now) => made.show(now[key]) });
const titled = (name) => [name, shortened(name, 40)];
put("shown", toggles(bar, "shown", "Maps", data.variants.map(({ name }) => titled(name)), toggle));
put("color", choice(bar, "color", "Colour by", data.colors.map(({ name }) => name), (color) => change({ color })));
if (data.hasNeighbors) put("edges", choice(bar, "edges", "Edges", kinds, (edges) => change({ edges })));
if (data.hasNeighbors) put("k", slider(bar, "k", "Neighbours k", data.steps.map((k) => [k, String(k)]), (k) => change({ k }, "k"), { spoken: nearby }));
const actions = add(bar, "div", "rv-acts");
searchBox(actions, search);
parts.undo = action(actions, "Undo", "go back to what was shown before", undo);
parts.clear = action(actions, "Clear", "select nothing", () => change({ rows: [] }));
parts.save = action(actions, "Save CSV", "save a table of the selected points", () => saveTable());
disclosure(actions);
if (seeds.length > 1) {
  group(more, "Which run", "A variant can have runs of several seeds.", (line) => {
    put("seed", choice(line, "seed", "Seed", seeds, (seed) => change({ seed })));
  });
}
group(more, "What is written on the maps", "Names of classes, or of clusters, at the middle of their points.", (line) => {
  controls.push(choice(line, "names", "Names on the map", data.whenNames, (names) => change({ names })));
});
group(more, "What is selected", "Ids of the selected points, a line each; their table for a spreadsheet.", (line) => {
  parts.copy = action(line, "Copy ids", "copy the ids of the selected points, a line each", async () => {
    const done = await copy(state.rows.map((row) => data.ids[row]).join("\n"));
    say(done ? `copied ${whole(state.rows.length)} ids` : "the browser did not let the ids be copied");
  });
  parts.safe = action(line, "CSV for spreadsheets", "the same table as Save CSV; text that would be computed gets an apostrophe in front", () => saveTable(true));
});
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
  click: (panel, row, extend) => change({ rows: clicked(row, extend), focus: panel }),
  ground: (panel) => change({ rows: state.rows.length > 2 ? state.rows : [], focus: panel }),
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
scene.terms = data.terms;
scene.points({ names: data.ids, words: spoken || [] });
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || typing) return;
  event.preventDefault();
  undo();
});
followTheme(data.dark ? "auto" : data.mode, dress);
enlarge(wanted.zoom);
sayStrange();
addEventListener("hashchange", follow);
addEventListener("pagehide", linkNow);
for (const moves of ["wheel", "pointerup", "keyup", "click"]) map.addEventListener(moves, link, { passive: true });
// For tests, and for those who look behind the page.
window.refnetViz = {
  data, scene, change, undo, search, mode: () => mode,
  address: (shown, zoom = { zoom: 1, x: 0, y: 0 }) => addressOf(shown, written, zoom),
  asked: (address) => asked(address, written, has),
  state: () => state, colors: () => colored(),
  point: (at) => { pointed = at; drawPane(); },
  view: () => {
    const colors = colored();
    return { maps: mapsOf(colors), key: keyOf(colors), detail: detailOf(), strip: stripOf() };
  },
  edges: (name, kind) => [...ends(edgesOf(runOf(name), kind), data.count)],
  table: () => tableOf(state.rows),
  neighbors: (number, row) => changesOf(nearOf(), number, row),
  shared: (number, pair) => sharedOf(nearOf(), number, pair),
};
