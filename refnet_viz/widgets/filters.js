// Small histograms of what is known of the points. A drag over a scale, or a click on a
// bar, selects: `pick(name, first, last, how)`.
const HIGH = 34; // pixels of a histogram

function bars(box, one) {
  const most = Math.max(...one.counts, 1);
  return one.texts.map((text, i) => {
    const bar = add(box, "div", "rv-bin");
    const all = add(bar, "div", "rv-bin-all");
    all.style.height = `${Math.round((HIGH * one.counts[i]) / most)}px`;
    if (one.chosen) {
      const chosen = add(all, "div", "rv-bin-chosen");
      chosen.style.height = one.counts[i] ? `${(100 * one.chosen[i]) / one.counts[i]}%` : "0";
    }
    const count = `${one.counts[i].toLocaleString("en-US")} points`;
    bar.title = `${text}: ${count}${one.chosen ? `, ${one.chosen[i].toLocaleString("en-US")} selected` : ""}`;
    return bar;
  });
}

function scaleFilter(box, one, pick) {
  box.classList.add("rv-bins");
  const nodes = bars(box, one);
  box.tabIndex = 0;
  box.setAttribute("role", "slider");
  box.setAttribute("aria-label", `${one.name}: arrow keys move among its bins, Shift widens, Enter selects`);
  let [first, last, from] = [0, 0, -1];
  const mark = (low, high) => {
    [first, last] = [low, high];
    nodes.forEach((node, i) => node.classList.toggle("rv-meant", i >= low && i <= high));
    box.setAttribute("aria-valuetext", `${nodes[low].title} … ${nodes[high].title}`);
    box.setAttribute("aria-valuenow", String(low));
  };
  const at = ({ clientX }) => {
    const { left, width } = box.getBoundingClientRect();
    return Math.min(Math.max(Math.floor(((clientX - left) / width) * nodes.length), 0), nodes.length - 1);
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    box.setPointerCapture(event.pointerId);
    from = at(event);
    mark(from, from);
  });
  box.addEventListener("pointermove", (event) => {
    if (from >= 0) mark(Math.min(from, at(event)), Math.max(from, at(event)));
  });
  box.addEventListener("pointerup", (event) => {
    if (from < 0) return;
    from = -1;
    pick(one.name, first, last, howOf(event));
  });
  box.addEventListener("pointercancel", () => { from = -1; });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const within = (i) => Math.min(Math.max(i, 0), nodes.length - 1);
    if (step && event.shiftKey) mark(first, Math.max(first, within(last + step)));
    else if (step) mark(within(first + step), within(first + step));
    else if (event.key === "Enter") pick(one.name, first, last, event.altKey ? "remove" : "alone");
    else return;
    event.preventDefault();
    event.stopPropagation(); // notebooks have keys of their own
  });
}

function classFilter(box, one, pick) {
  box.classList.add("rv-rows");
  const most = Math.max(...one.counts, 1);
  one.texts.forEach((text, i) => {
    const row = button(box, "rv-filter-row", "", `select ${text}`, (event) => pick(one.name, i, i, howOf(event)));
    row.title = `${text}: a click selects, another one clears; Shift adds, Alt removes`;
    add(row, "span", "rv-filter-name", text);
    const bar = add(row, "span", "rv-filter-bar");
    const all = add(bar, "span", "rv-bin-all");
    all.style.width = `${(100 * one.counts[i]) / most}%`;
    if (one.chosen) {
      const chosen = add(all, "span", "rv-bin-chosen");
      chosen.style.width = one.counts[i] ? `${(100 * one.chosen[i]) / one.counts[i]}%` : "0";
    }
    const count = one.counts[i].toLocaleString("en-US");
    add(row, "span", "rv-key-count", one.chosen ? `${one.chosen[i].toLocaleString("en-US")} of ${count}` : count);
  });
  rove(box);
}

function drawFilters(root, content, pick) {
  const held = root.contains(root.getRootNode().activeElement) && root.getRootNode().activeElement.closest("[data-name]")?.dataset.name;
  root.replaceChildren();
  for (const one of content.each ?? []) {
    const part = add(root, "div", "rv-filter");
    part.dataset.name = one.name;
    const head = add(part, "div", "rv-filter-head");
    add(head, "span", "rv-filter-title", one.title).title = one.name;
    if (one.note) add(head, "span", "rv-key-count", one.note);
    const box = add(part, "div", "");
    (one.scale ? scaleFilter : classFilter)(box, one, pick);
    if (!one.scale) continue;
    const ends = add(part, "div", "rv-filter-ends");
    add(ends, "span", "", one.texts[0].split(" to ")[0]);
    add(ends, "span", "", one.texts.at(-1).split(" to ").at(-1));
  }
  if (held) root.querySelector(`[data-name="${CSS.escape(held)}"] [tabindex="0"]`)?.focus();
}
