// Where there is room for one map at a time: their names, of which one is pressed.
// `act(number)` is called when another map is wanted.
function drawSwitcher(root, { panels, focus }, act) {
  const held = root.contains(root.getRootNode().activeElement);
  root.replaceChildren();
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "map that is shown");
  root.hidden = panels.length < 2;
  panels.forEach(({ title }, number) => {
    const node = button(root, "jupyter-button", title, "", () => act(number));
    const on = number === focus;
    node.title = title;
    node.classList.toggle("mod-active", on);
    node.setAttribute("aria-pressed", String(on));
  });
  rove(root);
  if (held) root.querySelector(".mod-active").focus();
}
