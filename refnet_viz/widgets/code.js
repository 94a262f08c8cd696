// Asks the kernel for the code of the view, shows it, and puts it on the clipboard.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed here: the text is shown to be copied by hand
  }
}

export default {
  render({ model, el }) {
    el.classList.add("rv-code");
    const open = button(el, "rv-button", "Copy as code", "the code that makes this view again", () => {
      if (box.hidden) model.send({ kind: "code", words: [] });
      else close();
    });
    const box = add(el, "div", "rv-code-box");
    const close = () => {
      box.hidden = true;
      open.setAttribute("aria-expanded", "false");
      open.focus();
    };
    box.hidden = true;
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-label", "code of this view");
    const said = add(box, "div", "rv-code-said");
    said.setAttribute("aria-live", "polite");
    const text = add(box, "pre", "");
    text.tabIndex = 0;
    button(box, "rv-button", "Close", "", close);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      event.stopPropagation();
    });
    const show = async (content) => {
      if (content.kind !== "code") return;
      text.textContent = content.text;
      box.hidden = false;
      open.setAttribute("aria-expanded", "true");
      said.textContent = "";
      said.textContent = (await copied(content.text)) ? "Copied. It is:" : "Copy it from here:";
      text.focus();
    };
    open.setAttribute("aria-expanded", "false");
    model.on("msg:custom", show);
    return () => model.off("msg:custom", show);
  },
};
