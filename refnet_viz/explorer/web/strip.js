// Draws the metric strip: a row a panel, every number beside its seed band, its nulls and
// the verdict on its difference from the baseline, or from two seeds: a full dot stands,
// a hollow one does not.
function cell(line, found, name) {
  const box = add(line, "td", "");
  box.dataset.name = name; // which stands over it where the table is narrow
  const numbers = add(box, "div", "rv-numbers");
  add(numbers, "span", "rv-whole", found.whole);
  if (found.band) add(numbers, "span", "rv-band", found.band);
  if (found.selected) {
    const chosen = add(box, "div", "rv-numbers");
    add(chosen, "span", "rv-selected", found.selected).title = "of the selected points";
    if (found.selectedBand) add(chosen, "span", "rv-band", found.selectedBand);
  }
  found.nulls.forEach((text) => add(box, "div", "rv-null", text));
  if (!found.verdict) return;
  const stands = ["higher", "lower"].includes(found.verdict);
  const verdict = add(box, "div", `rv-verdict${stands ? " rv-stands" : ""}`, found.beside + found.verdict);
  if (found.why) verdict.title = found.why;
}

function drawStrip(root, content, act, terms = {}) {
  root.replaceChildren();
  if (!content.rows) return;
  const table = add(root, "table", "rv-cards");
  root.tabIndex = 0; // what does not fit is scrolled to, also by keys
  const caption = add(table, "caption", "rv-caption");
  explain(add(caption, "span", "", `${content.caption}; `), terms);
  add(caption, "span", "rv-term", content.views).title = terms.views ?? "";
  const head = add(add(table, "thead"), "tr");
  add(head, "td", "");
  for (const { name, tip } of content.columns) {
    const title = add(head, "th", "rv-name", name);
    title.scope = "col";
    title.title = tip;
    title.classList.add("rv-term");
  }
  const body = add(table, "tbody");
  for (const { name, cells, focused } of content.rows) {
    const line = add(body, "tr", focused ? "rv-focused" : "");
    add(line, "th", "rv-name", name).scope = "row";
    cells.forEach((found, i) => cell(line, found, content.columns[i].name));
  }
}
