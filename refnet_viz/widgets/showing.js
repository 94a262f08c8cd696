// Brings the map of a variant into view, with the keyboard on it.
const SETTLED = 300; // milliseconds in which the kernel puts the map into focus

export default {
  render({ model, el }) {
    el.classList.add("rv-showing");
    const open = button(el, "rv-button", "", "bring its map into view", () => {
      model.send({ kind: "show", words: [] });
      setTimeout(() => {
        const explorer = el.closest(".rv-both");
        const map = explorer?.querySelector(".rv-focused .rv-plot") ?? explorer?.querySelector(".rv-plot");
        if (!map) return;
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        map.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
        map.focus({ preventScroll: true });
      }, SETTLED);
    });
    const name = () => {
      const called = model.get("name");
      open.textContent = `Show me “${called.length > 30 ? `${called.slice(0, 29)}…` : called}”`;
      el.hidden = !called;
      el.style.display = called ? "" : "none";
    };
    name();
    model.on("change:name", name);
    return () => model.off("change:name", name);
  },
};
