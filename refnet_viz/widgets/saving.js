// Asks the kernel for a file and saves it.
const FILES = [
  ["Maps as PNG", "png"], ["Maps as SVG", "svg"], ["Maps as PDF", "pdf"], ["Maps as HTML", "html"],
  ["Manifest, to replay", "manifest"], ["Points as CSV", "table"],
];

function saveMenu(model, el) {
  el.classList.add("rv-saving");
  const open = button(el, "rv-button", "Save …", "the maps, their manifest, or the points as a file", () => show(list.hidden));
  const list = add(el, "div", "rv-saving-list");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "files");
  const said = add(el, "div", "rv-live");
  said.setAttribute("aria-live", "polite");
  const show = (wanted) => {
    list.hidden = !wanted;
    open.setAttribute("aria-expanded", String(wanted));
    if (wanted) list.firstChild.focus();
    else open.focus();
  };
  for (const [name, which] of FILES) {
    button(list, "rv-saving-file", name, "", () => {
      said.textContent = `${name}: being made`;
      model.send({ kind: "save", words: [which] });
      show(false);
    });
  }
  list.hidden = true;
  open.setAttribute("aria-expanded", "false");
  el.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) show(false);
    event.stopPropagation(); // notebooks have keys of their own
  });
  const take = (content, buffers) => {
    if (content.kind !== "file") return;
    save(content.name, buffers[0], content.type);
    said.textContent = `${content.name} saved`;
  };
  model.on("msg:custom", take);
  return () => model.off("msg:custom", take);
}
