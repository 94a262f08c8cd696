// The maps in a notebook: the scene, fed by the kernel and answering to it.
const TYPES = { x: Float32Array, y: Float32Array, values: Float32Array, codes: Uint16Array, pairs: Uint32Array };

function typed(view, kind) {
  if (!view) return null;
  return new kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function arrays(part) {
  const found = { ...part };
  for (const name of Object.keys(TYPES)) {
    if (name in found) found[name] = typed(found[name], TYPES[name]);
  }
  return found;
}

function wordsOf(words) {
  if (!("least" in words)) return null;
  return { ...words, panels: words.panels && words.panels.map(arrays) };
}

function gathered(model) {
  const [places, edges, colors, near] = ["places", "edges", "colors", "near"].map((name) => model.get(name));
  const panels = model.get("texts").panels.map((text, number) => ({
    ...text,
    ...arrays(places.panels[number]),
    ...arrays(colors.panels[number]),
    edges: edges.panels[number].map(arrays),
  }));
  return {
    panels, mode: model.get("mode"), styles: colors.styles, scale: colors.scale,
    together: places.together, size: places.size, focus: model.get("texts").focus,
    selected: typed(model.get("chosen").rows, Uint32Array), pinned: model.get("chosen").pinned ?? [],
    words: wordsOf(model.get("words")),
    near: { ...near, lists: near.lists.map(({ width, values }) => ({ width, values: typed(values, Uint16Array) })) },
  };
}

export default {
  render({ model, el }) {
    el.classList.add("rv-map");
    const send = (kind) => (...words) => model.send({ kind, words });
    let pending = 0;
    const scene = createScene(add(el, "div", ""), {
      lasso: send("lasso"), click: send("click"), clear: send("clear"), focus: send("focus"), ground: send("ground"),
      // A pointer passes many points; the kernel hears of the one it rests on.
      hover: (panel, row) => {
        clearTimeout(pending);
        pending = setTimeout(() => model.send({ kind: "hover", words: [panel, row] }), 60);
      },
    });
    scene.terms = model.get("terms");
    const key = add(el, "div", "rv-key");
    key.setAttribute("role", "group");
    key.setAttribute("aria-label", "legend");
    const update = () => {
      if (!model.get("texts").panels) return;
      scene.points(model.get("said"));
      scene.draw(gathered(model));
    };
    const renew = () => drawKey(key, model.get("key"), (...words) => model.send({ kind: "class", words }), model.get("terms"));
    let waiting = false;
    // One message changes several of them; the maps are drawn once.
    const soon = () => {
      if (waiting) return;
      waiting = true;
      queueMicrotask(() => { waiting = false; update(); });
    };
    const names = ["said", "texts", "places", "edges", "colors", "words", "near", "chosen"];
    names.forEach((name) => model.on(`change:${name}`, soon));
    model.on("change:key", renew);
    const answer = ({ kind, near }) => kind === "near" && scene.answer(near);
    model.on("msg:custom", answer);
    update();
    renew();
    let unname = () => {};
    let attached = 0;
    const attach = () => {
      const root = el.closest(".rv-explorer");
      if (root) unname = nameControls(root);
      else attached = requestAnimationFrame(attach);
    };
    attach();
    return () => {
      clearTimeout(pending);
      cancelAnimationFrame(attached);
      unname();
      names.forEach((name) => model.off(`change:${name}`, soon));
      model.off("change:key", renew);
      model.off("msg:custom", answer);
      scene.destroy();
    };
  },
};
