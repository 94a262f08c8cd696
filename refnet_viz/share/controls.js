// The controls of the page. Each is `{ show(state) }` and calls `act` when it is moved.
function control(parent, name, label) {
  const box = add(parent, "div", `rv-control ${name}`);
  const title = add(box, label.for ? "label" : "span", "widget-label", label.text);
  if (label.for) title.htmlFor = label.for;
  return box;
}

function choice(parent, key, label, options, act) {
  const box = control(parent, `rv-${key}`, { text: label, for: `rv-${key}` });
  const list = add(box, "select", "");
  list.id = `rv-${key}`;
  for (const option of options) add(list, "option", "", option).value = option;
  list.addEventListener("change", () => act(list.value));
  box.hidden = options.length < 2;
  return { show: (state) => { list.value = state[key]; } };
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
function toggles(parent, key, label, options, act) {
  const box = control(parent, `rv-${key}`, { text: label });
  const row = add(box, "div", "rv-chips");
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", label);
  const nodes = options.map((option) => button(row, "jupyter-button", shortened(option, 40), "", () => act(option)));
  rove(row);
  box.hidden = options.length < 2;
  return {
    show: (state) => options.forEach((option, i) => {
      const on = [state[key]].flat().includes(option);
      nodes[i].classList.toggle("mod-active", on);
      nodes[i].setAttribute("aria-pressed", String(on));
    }),
  };
}

function slider(parent, steps, act) {
  const box = control(parent, "rv-k", { text: "Neighbours k", for: "rv-k" });
  const range = add(box, "input", "rv-range");
  const value = add(box, "output", "widget-readout");
  Object.assign(range, { id: "rv-k", type: "range", min: 0, max: steps.length - 1, step: 1 });
  value.htmlFor = "rv-k";
  range.addEventListener("input", () => act(steps[range.valueAsNumber]));
  return {
    show: ({ k }) => {
      range.value = steps.indexOf(k);
      range.setAttribute("aria-valuetext", `${k} neighbours a point`);
      value.textContent = k;
    },
  };
}

function searchBox(parent, act) {
  const form = add(parent, "form", "rv-control rv-search");
  form.setAttribute("role", "search");
  const label = add(form, "label", "widget-label", "Search");
  const line = add(form, "div", "rv-line");
  const input = add(line, "input", "");
  Object.assign(input, { id: "rv-search", type: "search", placeholder: "id, label, text …" });
  label.htmlFor = "rv-search";
  add(line, "button", "rv-button", "Select").type = "submit";
  // The policy of the page forbids forms to go anywhere; nothing is sent.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(input.value);
  });
  return { show: () => {}, clear: () => { input.value = ""; } };
}

// A button that is called what it says; what else there is to say is its title.
function action(parent, text, tip, act) {
  const node = button(parent, "rv-button", text, "", act);
  node.title = tip;
  return node;
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Resolves to whether the text is on the clipboard.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = add(document.body, "textarea", "rv-live", text);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
