// Every word from data becomes a text node here, so nothing in it is read as HTML.
function add(parent, tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

// Says in the title of a node what the terms in its words mean; `terms` is
// { term: sentence }.
function explain(node, terms = {}, words = node.textContent) {
  const sentences = [];
  let rest = words.toLowerCase();
  // The longest first: "aligned UMAP" is no "UMAP".
  for (const term of Object.keys(terms).sort((a, b) => b.length - a.length)) {
    const whole = new RegExp(`(?<![\\w-])${term.toLowerCase()}(?![\\w-])`);
    if (!whole.test(rest)) continue;
    rest = rest.replace(whole, " ");
    sentences.push(`${term}: ${terms[term]}`);
  }
  if (!sentences.length) return;
  node.title = sentences.join("\n");
  node.classList.add("rv-term");
}

// One stop of the Tab key for a group of buttons; arrow keys move among them. May be
// called again when buttons have come or gone.
const roving = new WeakSet();

function rove(group) {
  const nodes = () => [...group.querySelectorAll("button")].filter((one) => one.checkVisibility?.() ?? true);
  const only = (node) => nodes().forEach((one) => {
    const stop = one === node ? 0 : -1;
    if (one.tabIndex !== stop) one.tabIndex = stop;
  });
  const all = [...group.querySelectorAll("button")];
  const stops = all.filter((one) => one.tabIndex === 0);
  if (stops.length !== 1) all.forEach((one, i) => { one.tabIndex = i ? -1 : 0; });
  if (roving.has(group)) return;
  roving.add(group);
  group.addEventListener("focusin", ({ target }) => only(target));
  group.addEventListener("keydown", (event) => {
    const buttons = nodes();
    const last = buttons.length - 1;
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // notebooks have keys of their own
    buttons[Math.min(Math.max(to, 0), last)].focus();
  });
}

function button(parent, name, text, label, act) {
  const node = add(parent, "button", name, text);
  node.type = "button";
  if (label) node.title = label;
  // What can be read is the name; signs alone are none.
  if (label && !/\p{L}/u.test(text)) node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}
