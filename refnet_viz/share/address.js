// What the page shows, as the part of its address behind "#": `#k=15&color=label`.
// Only what differs from the page as it was written is there, in keys to be read.
const MOST_LETTERS = 1500; // of the selected rows: longer addresses are cut by mail
const ADDRESSED = ["maps", "focus", "seed", "color", "k", "edges", "selected", "zoom", "looks"];

// Sorted rows as ranges: [0, 1, 2, 5] is "0-2,5".
function rangesOf(rows) {
  const parts = [];
  for (let i = 0; i < rows.length; i += 1) {
    const first = rows[i];
    while (rows[i + 1] === rows[i] + 1) i += 1;
    parts.push(first === rows[i] ? `${first}` : `${first}-${rows[i]}`);
  }
  return parts.join(",");
}

// The rows of ranges, or null if they are none of `count` rows.
function rowsOf(text, count) {
  const rows = new Set();
  for (const part of text.split(",")) {
    const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) || [];
    if (first === undefined || +last < +first || +last >= count) return null;
    for (let row = +first; row <= +last; row += 1) rows.add(row);
  }
  return [...rows].sort((a, b) => a - b);
}

function zoomOf(text) {
  const numbers = text.split(",").map(Number);
  const [zoom, x, y] = numbers;
  const possible = numbers.length === 3 && zoom >= 1 && zoom <= 40 && Math.abs(x) <= 2 && Math.abs(y) <= 2;
  return possible ? { zoom, x, y } : null;
}

// The part behind "#" of a state. `start` is the page as it was written, `zoom` how far
// its maps are enlarged and moved, in widths and heights of a map.
function addressOf(state, start, zoom) {
  const names = (list) => list.map(encodeURIComponent).join(",");
  const name = ({ shown, focus }) => encodeURIComponent(shown[focus]);
  const parts = {
    maps: [names(state.shown), names(start.shown)],
    focus: [name(state), encodeURIComponent(state.shown[0])],
    seed: [encodeURIComponent(state.seed), encodeURIComponent(start.seed)],
    color: [encodeURIComponent(state.color), encodeURIComponent(start.color)],
    k: [`${state.k}`, `${start.k}`],
    edges: [state.edges, start.edges],
    selected: [rangesOf(state.rows), ""],
    zoom: [[zoom.zoom, zoom.x, zoom.y].map((v) => +v.toFixed(3)).join(","), "1,0,0"],
    looks: [`${state.looks ?? start.looks}`, `${start.looks}`],
  };
  if (parts.selected[0].length > MOST_LETTERS) parts.selected[0] = "";
  return ADDRESSED.filter((key) => parts[key][0] !== parts[key][1])
    .map((key) => `${key}=${parts[key][0]}`).join("&");
}

// What an address asks for: a patch of the state, the zoom, and what there is not here.
// `has` holds the choices of the page: names, seeds, colors, steps, edges and count.
function asked(address, start, has) {
  const patch = {};
  const strange = [];
  let zoom = null;
  let focus = null;
  const plain = (text) => { try { return decodeURIComponent(text); } catch { return null; } };
  const among = (list, value) => (list.includes(value) ? value : null);
  const readers = {
    maps: (text) => {
      const names = text.split(",").map(plain);
      const good = names.length <= MOST_PANELS && new Set(names).size === names.length
        && names.every((one) => has.names.includes(one));
      if (good) patch.shown = has.names.filter((one) => names.includes(one));
      return good;
    },
    focus: (text) => { focus = among(has.names, plain(text)); return focus !== null; },
    seed: (text) => { patch.seed = among(has.seeds, plain(text)) ?? start.seed; return patch.seed === plain(text); },
    color: (text) => { patch.color = among(has.colors, plain(text)) ?? start.color; return patch.color === plain(text); },
    k: (text) => { patch.k = has.steps.find((step) => `${step}` === text) ?? start.k; return `${patch.k}` === text; },
    edges: (text) => { patch.edges = among(has.edges, text) ?? start.edges; return patch.edges === text; },
    selected: (text) => { patch.rows = rowsOf(text, has.count) ?? []; return patch.rows.length > 0; },
    looks: (text) => {
      const good = /^\d{1,6}$/.test(text) && +text > start.looks;
      if (good) patch.looks = +text;
      return good;
    },
    zoom: (text) => { zoom = zoomOf(text); return zoom !== null; },
  };
  for (const part of address.replace(/^#/, "").split("&").filter(Boolean)) {
    const [key, text = ""] = part.split(/=(.*)/s);
    const reader = ADDRESSED.includes(key) ? readers[key] : () => false;
    if (!reader(text)) strange.push(plain(part) ?? part);
  }
  const shown = patch.shown ?? start.shown;
  const at = shown.indexOf(focus);
  if (focus !== null && at < 0) strange.push(`focus=${focus}`);
  return { patch: { ...patch, focus: Math.max(at, 0) }, zoom, strange };
}
