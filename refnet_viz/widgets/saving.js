// Asks the kernel for a file and saves it.
const FILES = [
  ["Maps as PNG", "png"], ["Maps as SVG", "svg"], ["Maps as PDF", "pdf"], ["Maps as HTML", "html"],
  ["Manifest, to replay", "manifest"], null,
  ["Points as CSV", "table"], ["Graph as GraphML", "graphml"], ["Edges as CSV", "edges"], null,
  ["Explorer as a page", "page"], ["Everything as ZIP", "all"],
];
const TIPS = {
  png: "a picture of pixels, two for each of the screen", svg: "lines and text that can be edited",
  pdf: "for a paper", html: "a figure that can be zoomed, by itself",
  manifest: "what the maps were made of; rv.replay makes them again",
  table: "the selected points, or all if none is selected",
  graphml: "neighbours in the map in focus, for Gephi, igraph, networkx",
  edges: "source, target and distance of the neighbours in the map in focus",
  page: "the explorer as one file that needs neither kernel nor network",
  all: "picture, PDF, manifest, caption and the selected points in one file",
};
const SIZES = [["", "as on the screen"], ["1", "1 column (252 pt)"], ["1.5", "1.5 columns (387 pt)"], ["2", "2 columns (517 pt)"]];
const ESCAPED = [["", "text as it is"], ["safe", "safe for spreadsheets"]];
const SAID = 6000; // milliseconds that a sentence stays

function saveMenu(model, el) {
  el.classList.add("rv-saving");
  const open = button(el, "rv-button", "Save …", "maps, points, graph or the explorer itself as a file", () => show(list.hidden));
  const list = add(el, "div", "rv-saving-list");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", "files");
  const said = add(el, "div", "rv-live");
  said.setAttribute("aria-live", "polite");
  const toast = add(el, "div", "rv-saving-said");
  toast.hidden = true;
  let [counting, hiding] = [0, 0];
  const show = (wanted) => {
    list.hidden = !wanted;
    open.setAttribute("aria-expanded", String(wanted));
    if (wanted) list.querySelector("select").focus();
    else open.focus();
  };
  const line = add(list, "label", "rv-saving-size", "Width");
  const size = add(line, "select", "");
  for (const [value, words] of SIZES) add(size, "option", "", words).value = value;
  size.title = "of the maps, on the page of a journal";
  const cells = add(add(list, "label", "rv-saving-size", "CSV"), "select", "");
  for (const [value, words] of ESCAPED) add(cells, "option", "", words).value = value;
  cells.title = "safe: text that a spreadsheet would compute gets an apostrophe in front";
  const idle = () => {
    clearInterval(counting);
    open.disabled = false;
    open.textContent = "Save …";
    open.removeAttribute("aria-busy");
  };
  const busy = (name) => {
    const began = Date.now();
    said.textContent = `${name}: being made`;
    toast.hidden = true;
    open.disabled = true;
    open.setAttribute("aria-busy", "true");
    open.textContent = "Saving …";
    counting = setInterval(() => {
      open.textContent = `Saving … ${Math.round((Date.now() - began) / 1000)} s`;
    }, 1000);
  };
  const tell = (text) => {
    idle();
    said.textContent = text;
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => { toast.hidden = true; }, SAID);
  };
  for (const file of FILES) {
    if (!file) {
      add(list, "hr", "");
      continue;
    }
    const [name, which] = file;
    button(list, "rv-saving-file", name, TIPS[which], () => {
      show(false);
      busy(name);
      model.send({ kind: "save", words: [which, size.value, cells.value] });
    });
  }
  list.hidden = true;
  open.setAttribute("aria-expanded", "false");
  el.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) show(false);
    event.stopPropagation(); // notebooks have keys of their own
  });
  const take = (content, buffers) => {
    if (content.kind === "failed") tell(`not saved: ${content.text}`);
    if (content.kind !== "file") return;
    save(content.name, buffers[0], content.type);
    tell(`${content.name} saved${content.note ? `, ${content.note}` : ""}`);
  };
  model.on("msg:custom", take);
  return () => {
    clearInterval(counting);
    model.off("msg:custom", take);
  };
}
