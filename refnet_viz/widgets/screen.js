// The explorer in a notebook: one widget, fed by the kernel and answering to it.
const TYPES = { x: Float32Array, y: Float32Array, values: Float32Array, codes: Uint16Array, pairs: Uint32Array };

function typed(view, kind) {
  if (!view) return null;
  return new kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

// One array a buffer, so that what the maps made of it can be found again.
const sent = new WeakMap(); // buffer to array

function once(view, make) {
  if (!sent.has(view)) sent.set(view, make());
  return sent.get(view);
}

function arrays(part) {
  const made = { ...part };
  for (const name of Object.keys(TYPES)) {
    if (name in made) made[name] = typed(made[name], TYPES[name]);
  }
  return made;
}

// Places that came as steps from the least one; the largest number is no place.
function placesOf({ x, y, box }) {
  if (!box) return arrays({ x, y });
  const [left, low, step] = box;
  const along = (view, least) => once(view, () => unstepped(typed(view, Uint16Array), least, step));
  return { x: along(x, left), y: along(y, low) };
}

// Colours of many points have a byte each where that is enough.
function colorsOf({ codes, values }, count) {
  if (codes?.byteLength === count) return { values, codes: once(codes, () => typed(codes, Uint8Array)) };
  return arrays({ codes, values });
}

function selectedOf({ rows, bits }) {
  if (!bits) return typed(rows, Uint32Array);
  const bytes = typed(bits, Uint8Array);
  const found = new Uint32Array(8 * bytes.length);
  let count = 0;
  for (let row = 0; row < found.length; row += 1) {
    if (bytes[row >> 3] & (128 >> (row & 7))) found[count++] = row;
  }
  return found.slice(0, count);
}

// Large arrays come by themselves, after a message has named them: { piece, size }. What
// came is kept as long as it is named, and the latest of what is not.
const LATEST = 2; // messages
const COMING = "The points are on their way.";
const QUIET = 8000; // ms without an array, after which nobody seems to send them
const WITHOUT = "These maps need a running kernel: run the cell again.";

function piecesOf(model, arrived) {
  let held = new Map(); // name to buffer
  let past = []; // names of the messages before
  const asked = new Set();
  const each = (value, look) => {
    if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
    if (value.piece) return look(value);
    if (Array.isArray(value)) return value.map((one) => each(one, look));
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, each(one, look)]));
  };
  return {
    // The content with its arrays, or null and what lacks is asked for.
    whole: (content) => {
      const lacking = [];
      const names = new Set();
      const made = each(content, ({ piece, size }) => {
        names.add(piece);
        if (!held.has(piece)) lacking.push({ piece, size });
        return held.get(piece) ?? null;
      });
      past = [names, ...past].slice(0, LATEST);
      held = new Map([...held].filter(([name]) => past.some((one) => one.has(name))));
      // What is no longer named may not come.
      [...asked].forEach((name) => names.has(name) || asked.delete(name));
      const news = lacking.map(({ piece }) => piece).filter((name) => !asked.has(name));
      news.forEach((name) => asked.add(name));
      if (news.length) model.send({ kind: "pieces", words: news });
      return lacking.length ? null : made;
    },
    take: ({ kind, name }, buffers) => {
      if (kind !== "piece") return;
      asked.delete(name);
      held.set(name, buffers[0]);
      arrived();
    },
  };
}

function wordsOf(words) {
  if (!("least" in words)) return null;
  return { ...words, panels: words.panels && words.panels.map(arrays) };
}

// What the scene draws, null until all arrays of it are there.
function gathered(model, pieces, mode) {
  const content = pieces.whole(["places", "edges", "colors", "near", "chosen", "words"].map((name) => model.get(name)));
  if (!content) return null;
  const [places, edges, colors, near, chosen, words] = content;
  const at = places.panels.map(placesOf);
  const panels = model.get("texts").panels.map((text, number) => ({
    ...text,
    ...at[number],
    ...colorsOf(colors.panels[number], at[number].x.length),
    edges: edges.panels[number].map((part) => ({ ...arrays(part), color: themed(part.color, mode) })),
  }));
  const numbers = near.count < 65535 ? Uint16Array : Uint32Array;
  return {
    panels, mode, styles: themed(colors.styles, mode), scale: themed(colors.scale, mode),
    together: places.together, size: places.size, focus: model.get("texts").focus,
    selected: selectedOf(chosen), pinned: chosen.pinned ?? [], words: wordsOf(words),
    near: {
      ...near, k: edges.k, styles: themed(near.styles, mode),
      lists: near.lists.map(({ width, values }) => ({ width, values: typed(values, numbers) })),
    },
  };
}

// Edges and lines to neighbours of a `k` that the kernel has not answered yet.
function hasten(data, k) {
  const edges = data.again && edgesAt(data, data.again, k);
  if (edges) data.panels.forEach((panel, number) => { panel.edges = edges[number]; });
  data.near.k = k;
}

// What is set on its way to the kernel: a slider says more than the kernel can follow, so
// only the last value of each is sent, and that when the one before has been answered.
function mailbox(model, moved) {
  let waiting = new Map();
  let sent = new Map();
  const flush = () => {
    sent = waiting;
    waiting = new Map();
    if (sent.size) model.send({ kind: "set", words: [...sent] });
  };
  return {
    put(name, value) {
      waiting.set(name, value);
      if (!sent.size) flush();
      moved(name, value);
    },
    done: flush,
    has: (name) => waiting.has(name) || sent.has(name),
    last: (name) => waiting.get(name) ?? sent.get(name),
  };
}

const range = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => [low + i, String(low + i)]);

// Weights of modalities, a slider each.
function weights(parent, { title, options, high }, act) {
  const box = add(parent, "div", "rv-weights");
  const steps = Array.from({ length: high * 10 + 1 }, (_, i) => [i / 10, (i / 10).toFixed(1)]);
  let now = {};
  const sliders = options.map(([name, words]) => [name, slider(box, "weight", `${title} ${words}`, steps, (weight) => {
    now = { ...now, [name]: weight };
    act(now);
  })]);
  return {
    box,
    show: (value) => {
      now = value;
      sliders.forEach(([name, one]) => one.show(value[name]));
    },
  };
}

function made(parent, name, offer, values, act) {
  const { kind, title, options, tip } = offer;
  const make = {
    toggles: () => toggles(parent, name, title, options, (key) => {
      const on = values()[name];
      act(options.map(([one]) => one).filter((one) => on.includes(one) !== (one === key)));
    }),
    buttons: () => toggles(parent, name, title, options, act, "rv-segments"),
    choice: () => choice(parent, name, title, options, act),
    slider: () => slider(parent, name, title, range(offer.low, offer.high), act, { spoken: nearby }),
    steps: () => slider(parent, name, title, options, act, { live: false }),
    weights: () => weights(parent, offer, act),
  };
  const one = make[kind]();
  one.box.title = tip;
  one.box.hidden = false;
  return one;
}

// A place for each control; what is offered anew stands where it stood.
function controlsOf(model, places, box) {
  const shown = new Map(); // name to the control, and what it was made from
  const values = () => model.get("settings").values;
  const show = () => {
    for (const [name, { one }] of shown) {
      // What was moved meanwhile is not moved back.
      if (!box.has(name)) one.show(values()[name]);
    }
  };
  const offer = () => {
    const { controls } = model.get("offers");
    for (const [name, place] of places) {
      const words = JSON.stringify(controls[name] ?? null);
      if (shown.get(name)?.words === words) continue;
      const held = place.contains(place.getRootNode().activeElement);
      place.replaceChildren();
      shown.delete(name);
      if (!controls[name]) continue;
      const one = made(place, name, controls[name], values, (value) => box.put(name, value));
      shown.set(name, { one, words });
      if (held) place.querySelector("select, input, button[tabindex='0']")?.focus();
    }
    show();
  };
  return { offer, show };
}

// The sentences and the button that stand in the line of the tools, over the maps.
function notices(main, send) {
  const status = add(main, "div", "rv-status");
  status.setAttribute("role", "status");
  const progress = add(main, "div", "rv-progress");
  const words = add(progress, "span", "widget-label");
  const cancel = action(progress, "Cancel", "stop until something changes", () => send("cancel")());
  const begin = action(progress, "Compute", "search the neighbours now, and then lay the points out", () => send("compute")());
  return {
    say: (text) => {
      status.textContent = text;
      status.hidden = !text;
    },
    compute: (said) => {
      words.textContent = said.words;
      words.title = said.words; // a narrow line cuts it
      cancel.style.visibility = said.cancel ? "visible" : "hidden";
      begin.hidden = !said.begin;
      cancel.hidden = !begin.hidden;
    },
  };
}

function assembled(model, el, send) {
  const parts = { bar: add(el, "div", "rv-bar"), more: add(el, "div", "rv-more"), places: new Map() };
  const { bar, groups } = model.get("offers");
  const put = (parent) => (name) => parts.places.set(name, add(parent, "div", "rv-place"));
  bar.forEach(put(parts.bar));
  parts.acts = add(parts.bar, "div", "rv-acts");
  parts.more.setAttribute("role", "group");
  parts.more.setAttribute("aria-label", "further controls");
  parts.groups = groups.map(({ title, names, help }) => [names, group(parts.more, title, help, (line) => {
    names.forEach((name) => {
      if (name === "code") parts.end = codeButton(model, add(line, "div", ""));
      else put(line)(name);
    });
  })]);
  parts.switcher = add(el, "div", "rv-switcher");
  parts.main = add(el, "div", "rv-main");
  parts.notices = notices(parts.main, send);
  parts.map = add(parts.main, "div", "rv-map");
  const region = (parent, name, label) => {
    const node = add(parent, "div", name);
    node.setAttribute("role", "region");
    node.setAttribute("aria-label", label);
    return node;
  };
  parts.detail = region(parts.main, "rv-detail", "details");
  parts.picks = picksOf(add(parts.detail, "div", "rv-picks"), send);
  parts.told = add(parts.detail, "div", "");
  parts.strip = region(el, "rv-strip", "metrics");
  parts.output = add(el, "pre", "rv-errors");
  return parts;
}

// What is told of a part, and drawn anew when that changes.
function panes(model, parts, scene) {
  const send = (words) => model.send(words);
  const terms = model.get("terms");
  return {
    key: () => drawKey(parts.key, themed(model.get("key"), scene.mode), (codes, how) => {
      send({ kind: "class", words: [codes, how === "alone" ? parts.picks.how() : how] });
    }, terms),
    detail: () => drawDetail(parts.told, model.get("detail"), send, terms),
    picks: () => parts.picks.show(model.get("picks")),
    filters: () => drawFilters(parts.filters, model.get("filters"), (name, first, last, how) => {
      model.send({ kind: "range", words: [name, first, last, how === "alone" ? parts.picks.how() : how] });
    }),
    strip: () => drawStrip(parts.strip, model.get("strip"), send, terms),
    progress: () => parts.notices.compute(model.get("progress")),
    notice: () => {
      const { words, output } = model.get("notice");
      parts.notices.say(words);
      parts.output.textContent = output;
      parts.output.hidden = !output;
    },
  };
}

function actions(model, parts, send, box) {
  const { acts } = parts;
  const search = searchBox(acts, (words) => box.put("search", words), model.get("offers").live);
  const undo = action(acts, "Undo", "go back to what was shown before", send("undo"));
  const clear = action(acts, "Clear", "select nothing", send("clear"));
  const end = saveMenu(model, add(acts, "div", ""));
  disclosure(acts);
  return {
    end,
    show: () => {
      const { words, undo: undoable, clear: clearable } = model.get("settings");
      if (!box.has("search")) search.show(words);
      undo.disabled = !undoable;
      clear.disabled = !clearable;
    },
  };
}

// The form for training below, of ipywidgets, if there is one.
function formOf(el) {
  return el.closest(".rv-both")?.querySelector(".rv-workshop");
}

function dress(node, mode) {
  for (const name of ["light", "dark"]) node?.classList.toggle(`rv-${name}`, name === mode);
}

export default {
  render({ model, el }) {
    el.classList.add("rv-explorer");
    // Notebooks have keys of their own, among them arrows where a slider has the focus.
    el.addEventListener("keydown", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    });
    const ends = [];
    const on = (event, act) => {
      model.on(event, act);
      ends.push(() => model.off(event, act));
    };
    const send = (kind) => (...words) => model.send({ kind, words: words.filter((word) => !(word instanceof Event)) });
    const box = mailbox(model, (name, value) => {
      if (name !== "k" || !scene.data) return;
      hasten(scene.data, value);
      scene.schedule();
    });
    const parts = assembled(model, el, send);
    const controls = controlsOf(model, parts.places, box);
    const acts = actions(model, parts, send, box);
    const offer = () => {
      controls.offer();
      const offered = model.get("offers").controls;
      parts.groups.forEach(([names, node]) => {
        node.hidden = names.every((name) => !offered[name] && name !== "code");
      });
    };
    const settle = () => {
      controls.show();
      acts.show();
    };
    let pending = 0;
    const scene = createScene(add(parts.map, "div", ""), {
      lasso: (panel, xs, ys, extend) => send("lasso")(panel, xs, ys, parts.picks.how(extend)),
      click: send("click"), clear: send("clear"), focus: send("focus"), ground: send("ground"),
      // A pointer passes many points; the kernel hears of the one it rests on.
      hover: (panel, row) => {
        clearTimeout(pending);
        pending = setTimeout(() => send("hover")(panel, row), 60);
      },
    });
    scene.terms = model.get("terms");
    parts.key = add(parts.map, "div", "rv-key");
    parts.key.setAttribute("role", "group");
    parts.key.setAttribute("aria-label", "legend");
    const filters = add(parts.map, "details", "rv-filters");
    add(filters, "summary", "", "Filters").title = "histograms of what is known of the points; a drag or a click selects";
    parts.filters = add(filters, "div", "rv-filters-each");
    filters.addEventListener("toggle", () => send("filters")(filters.open));
    const told = panes(model, parts, scene);
    // Names of many points come one by one.
    const name = () => {
      const { names, words } = model.get("said");
      scene.points(names?.length ? { names, words } : { names: [], words: [] });
    };
    name();
    on("change:said", name);
    const pieces = piecesOf(model, () => update());
    let patience = 0;
    const lacking = () => {
      scene.hint.textContent = WITHOUT;
      el.classList.add("rv-without"); // shows the picture that stays
    };
    ends.push(() => clearTimeout(patience));
    const update = () => {
      if (!model.get("texts").panels) return;
      const data = gathered(model, pieces, scene.mode);
      clearTimeout(patience);
      el.classList.remove("rv-without");
      if (!data) {
        scene.hint.textContent = COMING;
        patience = setTimeout(lacking, QUIET);
        return;
      }
      if ([COMING, WITHOUT].includes(scene.hint.textContent)) scene.hint.textContent = "";
      if (box.has("k")) hasten(data, box.last("k"));
      scene.draw(data);
      drawSwitcher(parts.switcher, scene.data, send("focus"));
    };
    // A message sets several traits, of which each has an event.
    let waiting = false;
    const soon = () => {
      if (waiting) return;
      waiting = true;
      queueMicrotask(() => { waiting = false; update(); });
    };
    ends.push(followTheme(model.get("mode"), (mode) => {
      scene.mode = mode;
      dress(el, mode);
      dress(formOf(el), mode);
      update();
      told.key();
    }));
    ["said", "texts", "places", "edges", "colors", "words", "near", "chosen"].forEach((name) => on(`change:${name}`, soon));
    Object.entries(told).forEach(([name, draw]) => on(`change:${name}`, draw));
    on("change:offers", offer);
    on("change:settings", settle);
    on("msg:custom", pieces.take);
    on("msg:custom", ({ kind, near, place, name, words }) => {
      if (kind === "near") scene.answer(near);
      if (kind === "named") scene.name(place, name, words);
      if (kind !== "done") return;
      box.done();
      settle();
    });
    offer();
    settle();
    Object.values(told).forEach((draw) => draw());
    // The form for training below is of ipywidgets, once both are in the page.
    const attached = requestAnimationFrame(() => {
      const form = formOf(el);
      if (form) ends.push(nameControls(form));
      dress(form, scene.mode);
    });
    return () => {
      clearTimeout(pending);
      cancelAnimationFrame(attached);
      acts.end();
      parts.end();
      ends.forEach((end) => end());
      scene.destroy();
    };
  },
};
