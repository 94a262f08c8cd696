// Draws what Python says of one point, or of a selection. Every word from data
// becomes a text node, so nothing in it is ever read as HTML.
function add(parent, tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

function picture(parent, name, source, alt) {
  const image = add(parent, "img", name);
  image.alt = alt;
  image.src = source;
}

function row(list, entry) {
  const item = add(list, "li", entry.same === true ? "rv-row rv-same" : "rv-row");
  if (entry.picture) picture(item, "rv-thumb", entry.picture, "");
  const words = add(item, "div", "rv-words");
  add(words, "span", "rv-row-title", entry.title);
  if (entry.text) add(words, "span", "rv-row-text", entry.text);
  if (entry.same !== null && entry.same !== undefined) {
    const mark = add(item, "span", "rv-mark", entry.same ? "✓" : "");
    mark.title = entry.same ? "same label" : "another label";
    mark.setAttribute("aria-label", mark.title);
  }
}

function draw(root, content) {
  root.replaceChildren();
  if (content.hint) {
    add(root, "p", "rv-hint", content.hint);
    return;
  }
  const head = add(root, "div", "rv-head");
  if (content.picture) picture(head, "rv-picture", content.picture, content.title);
  const words = add(head, "div", "rv-words");
  add(words, "div", "rv-title", content.title);
  if (content.text) add(words, "div", "rv-text", content.text);
  const facts = add(root, "dl", "rv-facts");
  for (const [name, value, mark] of content.facts) {
    add(facts, "dt", "", name);
    add(facts, "dd", mark ? `rv-${mark}` : "", value);
  }
  add(root, "div", "rv-heading", content.heading);
  const list = add(root, "ol", "rv-list");
  content.rows.forEach((entry) => row(list, entry));
  if (content.more) add(root, "p", "rv-hint", content.more);
}

// The figure sends selections through the same channel as hovering, where a later
// event takes the place of one not yet sent. Here the last selection always arrives.
function link(el, model) {
  let timer = 0;
  const send = (rows) => {
    // A time makes the same rows picked twice two events.
    model.set("picked", { rows, at: performance.now() });
    model.save_changes();
  };
  const attach = () => {
    const map = el.closest(".rv-explorer")?.querySelector(".rv-map");
    if (!map?.on) {
      timer = setTimeout(attach, 100);
      return;
    }
    map.on("plotly_selected", (event) => {
      // Without its outline, a selection is told once more, as one of nothing.
      const drawn = event && (event.lassoPoints || event.range);
      if (!drawn && !event?.points.length) return;
      send(event.points.map((point) => point.pointIndex));
      // An outline would select anew, at every redraw, what then lies in it.
      setTimeout(() => (map.layout.selections = []));
    });
    map.on("plotly_deselect", () => send([]));
    model.set("linked", true);
    model.save_changes();
  };
  attach();
  return () => clearTimeout(timer);
}

export default {
  render({ model, el }) {
    el.classList.add("rv-detail");
    el.setAttribute("role", "region");
    el.setAttribute("aria-label", "details");
    const update = () => draw(el, model.get("content"));
    model.on("change:content", update);
    update();
    const unlink = link(el, model);
    return () => {
      unlink();
      model.off("change:content", update);
    };
  },
};
