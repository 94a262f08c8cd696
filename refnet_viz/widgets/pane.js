// Shows what the kernel says of something, drawn anew whenever that changes.
function pane(draw, name, label) {
  return {
    render({ model, el }) {
      el.classList.add(name);
      el.setAttribute("role", "region");
      el.setAttribute("aria-label", label);
      const update = () => draw(el, model.get("content"), (words) => model.send(words), model.get("terms"));
      model.on("change:content", update);
      update();
      return () => model.off("change:content", update);
    },
  };
}
