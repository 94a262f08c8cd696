// Draws what is said of one point, or of a selection. `act({ kind: "row", words: [row] })`
// is called when a neighbour is chosen.
function picture(parent, name, source, alt) {
  const image = add(parent, "img", name);
  image.alt = alt;
  image.src = source;
}

// A picture over the maps, as large as they are; a click or Escape takes it away.
function showLarge(opener, source, alt) {
  const place = opener.closest(".rv-main");
  const cover = button(place, "rv-cover", "", "close the picture", () => close());
  picture(cover, "", source, alt);
  const close = () => {
    cover.remove();
    if (opener.isConnected) opener.focus();
  };
  cover.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  cover.focus();
}

function marked(item, same) {
  if (same === null || same === undefined) return;
  const mark = add(item, "span", "rv-mark", same ? "✓" : "");
  mark.title = same ? "same label" : "another label";
  mark.setAttribute("aria-label", mark.title);
}

function row(list, entry, act) {
  const item = add(list, "li");
  const name = entry.same === true ? "rv-row rv-same" : "rv-row";
  const line = button(item, name, "", "", () => act({ kind: "row", words: [entry.row] }));
  if (entry.picture) picture(line, "rv-thumb", entry.picture, "");
  const words = add(line, "span", "rv-words");
  add(words, "span", "rv-row-title", entry.title);
  if (entry.text) add(words, "span", "rv-row-text", entry.text);
  marked(line, entry.same);
}

function tile(list, entry, act) {
  const name = entry.same === true ? "rv-tile rv-same" : "rv-tile";
  const label = entry.same === true ? `${entry.title}, same label` : entry.title;
  const node = button(list, name, "", label, () => act({ kind: "row", words: [entry.row] }));
  if (entry.picture) picture(node, "rv-thumb", entry.picture, "");
  else add(node, "span", "", entry.title);
}

// The rows of the metadata may be called anything: what is no term of ours has none.
function drawFacts(root, facts, terms, ours) {
  if (!facts.length) return;
  const list = add(root, "dl", "rv-facts");
  for (const [name, value, mark] of facts) {
    const title = add(list, "dt", "", name);
    if (ours.some((one) => name === one || name.startsWith(`${one} = `) || name.startsWith(`${one} from `) || name.startsWith(`${one}: `))) {
      explain(title, terms);
    }
    add(list, "dd", mark ? `rv-${mark}` : "", value);
  }
}

// Other spaces are folded; those that were opened stay open while one points elsewhere.
function drawElsewhere(root, parts, act, terms) {
  root.rvUnfolded ??= new Set();
  parts.forEach(({ heading, rows, facts = [] }, number) => {
    const box = add(root, "details", "rv-elsewhere");
    box.open = root.rvUnfolded.has(number);
    box.addEventListener("toggle", () => root.rvUnfolded[box.open ? "add" : "delete"](number));
    explain(add(box, "summary", "rv-heading", heading), terms);
    drawFacts(box, facts, terms, OURS);
    const tiles = add(box, "div", "rv-tiles");
    rows.forEach((entry) => tile(tiles, entry, act));
  });
}

// Two points side by side, each with its answers.
function drawTwo(root, pair, act, terms) {
  const both = add(root, "div", "rv-two");
  for (const { entry, facts } of pair) {
    const box = add(both, "div", "rv-one");
    row(add(box, "ul", "rv-list"), entry, act);
    drawFacts(box, facts, terms, []);
  }
}

function drawRows(root, { heading, rows, more }, act, terms) {
  explain(add(root, "div", "rv-heading", heading), terms);
  const list = add(root, "ol", "rv-list");
  rows.forEach((entry) => row(list, entry, act));
  if (more) add(root, "p", "rv-hint", more);
}

const OURS = ["purity", "rewiring", "in-degree", "responsibility", "distance", "ranks", "edge at k"];

function drawDetail(root, content, act = () => {}, terms = {}) {
  root.replaceChildren();
  if (content.hint) {
    add(root, "p", "rv-hint", content.hint);
    if (content.rows) drawRows(root, content, act, terms);
    return;
  }
  const head = add(root, "div", "rv-head");
  if (content.picture) {
    const open = button(head, "rv-enlarge", "", "", () => showLarge(open, content.picture, content.title));
    open.title = "show it large";
    picture(open, "rv-picture", content.picture, content.title);
  }
  const words = add(head, "div", "rv-words");
  add(words, "div", "rv-title", content.title);
  if (content.text) add(words, "div", "rv-text", content.text);
  if (content.pair) drawTwo(root, content.pair, act, terms);
  drawFacts(root, content.facts.slice(0, content.answers), terms, content.pair ? OURS : []);
  drawRows(root, content, act, terms);
  const rest = content.facts.slice(content.answers);
  if (rest.length) add(root, "div", "rv-heading", "about this point");
  drawFacts(root, rest, terms, OURS);
  drawElsewhere(root, content.elsewhere || [], act, terms);
}
