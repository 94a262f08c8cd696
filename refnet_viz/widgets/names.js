// Tells assistive technology what ipywidgets only shows: the names of sliders and
// groups of buttons, which button is on, and that the status is read out.
function nameControls(root) {
  const say = (node, name, value) => {
    if (value && node.getAttribute(name) !== value) node.setAttribute(name, value);
  };
  const nameOf = (node) => {
    const box = node.closest(".widget-slider, .widget-toggle-buttons, .rv-control");
    return box?.querySelector(".widget-label")?.textContent;
  };
  const update = () => {
    root.querySelectorAll("[role=slider]").forEach((node) => say(node, "aria-label", nameOf(node)));
    root.querySelectorAll(".widget-readout[contenteditable]").forEach((node) => {
      say(node, "role", "textbox");
      say(node, "tabindex", "-1"); // the slider beside it has the same value
      say(node, "aria-label", nameOf(node));
    });
    root.querySelectorAll(".widget-toggle-buttons > div").forEach((node) => {
      say(node, "role", "group");
      say(node, "aria-label", nameOf(node));
    });
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
