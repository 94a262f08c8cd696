// Asks the kernel for a file and saves it.
const FILES = [
  ["Maps as PNG", "png"], ["Maps as SVG", "svg"], ["Maps as PDF", "pdf"], ["Maps as HTML", "html"],
  ["Manifest, to replay", "manifest"], ["Points as CSV", "table"],
];

function keep({ name, type }, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export default {
  render({ model, el }) {
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
      keep(content, buffers[0]);
      said.textContent = `${content.name} saved`;
    };
    model.on("msg:custom", take);
    return () => model.off("msg:custom", take);
  },
};
