// Asks the kernel for the code of the view and puts it on the clipboard. A short notice
// says so; where the page may not write there, the text stands to be taken by hand.
const LINGER = 5000; // milliseconds

function inShort(text) {
  const lines = text.split("\n");
  return lines.length > 1 ? `${lines[0]} … (${lines.length} lines)` : text;
}

function codeButton(model, el) {
  el.classList.add("rv-code");
  const open = button(el, "rv-button", "Copy as code", "the code that makes this view again", () => {
    model.send({ kind: "code", words: [] });
  });
  const toast = add(el, "div", "rv-toast");
  toast.setAttribute("role", "status");
  toast.hidden = true;
  const box = add(el, "div", "rv-code-box");
  const close = () => {
    box.hidden = true;
    open.focus();
  };
  box.hidden = true;
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", "code of this view");
  add(box, "div", "", "Copy it from here:");
  const text = add(box, "pre", "");
  text.tabIndex = 0;
  button(box, "rv-button", "Close", "", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    event.stopPropagation();
  });
  let fading = 0;
  const show = async (content) => {
    if (content.kind !== "code") return;
    clearTimeout(fading);
    const done = await copied(content.text);
    box.hidden = done;
    toast.hidden = !done;
    if (done) {
      toast.textContent = `Copied: ${inShort(content.text)}`;
      fading = setTimeout(() => { toast.hidden = true; }, LINGER);
    } else {
      text.textContent = content.text;
      text.focus();
    }
  };
  model.on("msg:custom", show);
  return () => {
    clearTimeout(fading);
    model.off("msg:custom", show);
  };
}
