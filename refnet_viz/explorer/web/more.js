// A button that shows and hides the further controls, and remembers which it was. The
// style hides `.rv-more` of an explorer whose button says that it is not expanded.
const MEMORY = "refnet-viz-more";

function wasOpen() {
  try {
    return localStorage.getItem(MEMORY) === "open";
  } catch {
    return false; // the page may not remember anything
  }
}

function keepOpen(open) {
  try {
    localStorage.setItem(MEMORY, open ? "open" : "closed");
  } catch {
    // the page may not remember anything
  }
}

function disclosure(parent) {
  const show = (open) => {
    node.setAttribute("aria-expanded", String(open));
    node.textContent = open ? "Less" : "More";
  };
  const node = button(parent, "rv-button rv-disclose", "More", "", () => {
    const open = node.getAttribute("aria-expanded") !== "true";
    show(open);
    keepOpen(open);
    const panel = node.closest(".rv-explorer")?.querySelector(":scope > .rv-more");
    if (!panel) return;
    panel.id ||= `rv-more-${Math.random().toString(36).slice(2)}`;
    node.setAttribute("aria-controls", panel.id);
  });
  node.title = "seed, space, distance, layout, comparison and code";
  show(wasOpen());
  return node;
}
