// Controls of an explorer. Each is `{ box, show(value) }` and calls `act` when it is moved.
// Options are pairs of a key, which `act` is called with, and a text.

function control(parent, name, text, labelled = false) {
  const box = add(parent, "div", `rv-control rv-${name}`);
  const label = add(box, labelled ? "label" : "span", "widget-label", text);
  if (labelled) {
    label.htmlFor = `rv-${Math.random().toString(36).slice(2)}`; // several may be shown
  }
  return { box, id: label.htmlFor };
}

function paired(options) {
  return options.map((option) => (Array.isArray(option) ? option : [option, option]));
}

function choice(parent, name, text, options, act) {
  const { box, id } = control(parent, name, text, true);
  const list = add(box, "select", "");
  list.id = id;
  for (const [key, words] of paired(options)) add(list, "option", "", words).value = key;
  list.addEventListener("change", () => act(list.value));
  box.hidden = options.length < 2;
  return { box, show: (value) => { list.value = value; } };
}

// Groups of further controls, each with a title and a sentence.
function group(parent, title, words, fill) {
  const box = add(parent, "div", "rv-group");
  add(box, "div", "rv-more-title", title);
  fill(add(box, "div", "rv-more-line"));
  add(box, "div", "rv-more-help", words);
  return box;
}

// Buttons of which one, or some, are pressed.
function toggles(parent, name, text, options, act, kind = "rv-chips") {
  const { box } = control(parent, name, text);
  const row = add(box, "div", kind);
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", text);
  const nodes = paired(options).map(([key, words]) => {
    const node = button(row, "jupyter-button", words, "", () => act(key));
    node.title = key;
    return [key, node];
  });
  rove(row);
  box.hidden = options.length < 2;
  return {
    box,
    show: (value) => nodes.forEach(([key, node]) => {
      const on = [value].flat().includes(key);
      node.classList.toggle("mod-active", on);
      node.setAttribute("aria-pressed", String(on));
    }),
  };
}

// A slider over options; `live` where every step on the way counts.
function slider(parent, name, text, options, act, { live = true, spoken = (words) => words } = {}) {
  const { box, id } = control(parent, name, text, true);
  const steps = paired(options);
  const range = add(box, "input", "rv-range");
  const shown = add(box, "span", "widget-readout"); // which the slider says itself
  shown.setAttribute("aria-hidden", "true");
  Object.assign(range, { id, type: "range", min: 0, max: steps.length - 1, step: 1 });
  const say = () => {
    const words = steps[range.valueAsNumber][1];
    range.setAttribute("aria-valuetext", spoken(words));
    shown.textContent = words;
  };
  range.addEventListener("input", () => {
    say();
    if (live) act(steps[range.valueAsNumber][0]);
  });
  if (!live) range.addEventListener("change", () => act(steps[range.valueAsNumber][0]));
  return {
    box,
    show: (value) => {
      range.value = steps.findIndex(([key]) => key === value);
      say();
    },
  };
}

const nearby = (k) => `${k} neighbours a point`;

// Words that points are searched by: while one types, or when that is asked for.
function searchBox(parent, act, live = false) {
  const { box, id } = control(parent, "search", "Search", true);
  const form = add(box, "form", "rv-line");
  form.setAttribute("role", "search");
  const input = add(form, "input", "");
  Object.assign(input, { id, type: "search", placeholder: "id, label, text …" });
  input.title = "select the points in which every one of these words occurs";
  if (live) input.addEventListener("input", () => act(input.value));
  else add(form, "button", "rv-button", "Select").type = "submit";
  // The policy of a page forbids forms to go anywhere; nothing is sent.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(input.value);
  });
  return { box, show: (words) => { input.value = words; }, clear: () => { input.value = ""; } };
}

// A button that is called what it says; what else there is to say is its title.
function action(parent, text, tip, act) {
  const node = button(parent, "rv-button", text, "", act);
  node.title = tip;
  return node;
}

function save(name, content, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Resolves to whether the page may write to the clipboard, and has.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed here
  }
}

// The same, by the older way where that fails: pages from disk may have no other.
async function copy(text) {
  if (await copied(text)) return true;
  const area = add(document.body, "textarea", "rv-live", text);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
