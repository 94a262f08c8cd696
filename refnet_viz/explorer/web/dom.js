// Every word from data becomes a text node here, so nothing in it is read as HTML.
function add(parent, tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
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
