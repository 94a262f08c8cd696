// Draws the metric strip: one card a metric, every number beside its chance level.
function add(parent, tag, name, text) {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  parent.append(node);
  return node;
}

function draw(root, content) {
  root.replaceChildren();
  add(root, "div", "rv-caption", content.caption);
  const cards = add(root, "div", "rv-cards", "");
  for (const card of content.cards) {
    const box = add(cards, "div", "rv-card", "");
    box.title = card.tip;
    add(box, "div", "rv-name", card.name);
    const numbers = add(box, "div", "rv-numbers", "");
    add(numbers, "span", "rv-whole", card.whole);
    if (card.selected) {
      const chosen = add(numbers, "span", "rv-selected", card.selected);
      chosen.title = "of the selected points";
    }
    card.nulls.forEach((text) => add(box, "div", "rv-null", text));
  }
}

export default {
  render({ model, el }) {
    el.classList.add("rv-strip");
    el.setAttribute("role", "region");
    el.setAttribute("aria-label", "metrics");
    const update = () => draw(el, model.get("content"));
    model.on("change:content", update);
    update();
    return () => model.off("change:content", update);
  },
};
