// Tells assistive technology what ipywidgets only shows: which button is on, and that the
// status is read out.
function nameControls(root) {
  const say = (node, name, value) => {
    if (value && node.getAttribute(name) !== value) node.setAttribute(name, value);
  };
  const update = () => {
    root.querySelectorAll(".widget-toggle-button").forEach((node) => {
      say(node, "aria-pressed", String(node.classList.contains("mod-active")));
    });
    root.querySelectorAll(".rv-status").forEach((node) => say(node, "role", "status"));
  };
  const observer = new MutationObserver(update);
  observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
  update();
  return () => observer.disconnect();
}
