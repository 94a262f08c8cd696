// What can be done with the selection, above the pane: combine, invert, grow and tag it.
const HOWS = [
  ["alone", "New", "the next lasso or click on a class selects anew"],
  ["add", "+", "add: the next ones join the selection"],
  ["remove", "−", "remove: the next ones leave it"],
  ["intersect", "∩", "intersect: the next ones keep what lies in both"],
];

function picksOf(root, send) {
  root.hidden = true;
  const line = add(root, "div", "rv-picks-line");
  const group = add(line, "div", "rv-segments");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "how selections are combined");
  let how = "alone";
  const nodes = HOWS.map(([key, words, tip]) => {
    const node = button(group, "jupyter-button", words, tip, () => choose(key));
    return [key, node];
  });
  const choose = (key) => {
    how = key;
    nodes.forEach(([each, node]) => {
      node.classList.toggle("mod-active", each === how);
      node.setAttribute("aria-pressed", String(each === how));
    });
  };
  choose(how);
  rove(group);
  action(line, "Invert", "select what is not selected", send("invert"));
  action(line, "Grow", "select the neighbours, too, in the map in focus", send("grow"));
  const form = add(root, "form", "rv-picks-line");
  const field = (name, label, placeholder) => {
    const input = add(form, "input", name);
    Object.assign(input, { type: "text", placeholder });
    input.setAttribute("aria-label", label);
    const list = add(form, "datalist", "");
    list.id = `rv-${Math.random().toString(36).slice(2)}`;
    input.setAttribute("list", list.id);
    return [input, list];
  };
  const [word, words] = field("rv-tag-word", "tag", "tag of these points");
  const [column, columns] = field("rv-tag-column", "column of the tag", "tag");
  const put = add(form, "button", "rv-button", "Tag");
  put.type = "submit";
  put.title = "write the tag into the column, which colour can show; an empty tag takes tags away";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("tag")(word.value, column.value);
    word.value = "";
  });
  const said = add(root, "div", "rv-picks-said");
  return {
    how: (extend) => (extend ? "add" : how),
    show: ({ count, columns: tags = {}, over = [], none = "" }) => {
      root.hidden = !count;
      if (!count) choose("alone");
      const fill = (list, texts) => {
        list.replaceChildren();
        [...new Set(texts)].forEach((text) => { add(list, "option", "").value = text; });
      };
      fill(words, Object.values(tags).flat());
      fill(columns, Object.keys(tags));
      said.replaceChildren();
      (over.length ? over : [none]).filter(Boolean).forEach((text) => add(said, "div", "", text));
    },
  };
}
