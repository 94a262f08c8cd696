// Light or dark: what a notebook or an editor says of itself, else what the system asks for.
const SYSTEM = window.matchMedia("(prefers-color-scheme: dark)");

function isDarkAround() {
  const { body, documentElement: root } = document;
  const { jpThemeLight, vscodeThemeKind } = body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "false"; // Lab, Notebook 7, Voila
  if (vscodeThemeKind) return !vscodeThemeKind.endsWith("light");
  if (root.getAttribute("theme")) return root.getAttribute("theme") === "dark"; // Colab
  const names = [...root.classList, ...body.classList]; // marimo
  if (names.includes("dark") || names.includes("light")) return names.includes("dark");
  return SYSTEM.matches;
}

// Calls `apply("light" | "dark")` now and whenever that changes; returns what ends it.
function followTheme(mode, apply) {
  if (mode !== "auto") {
    apply(mode);
    return () => {};
  }
  let last = "";
  const look = () => {
    const now = isDarkAround() ? "dark" : "light";
    if (now !== last) apply(now);
    last = now;
  };
  const observer = new MutationObserver(look);
  for (const node of [document.body, document.documentElement]) {
    observer.observe(node, { attributes: true });
  }
  SYSTEM.addEventListener("change", look);
  look();
  return () => {
    observer.disconnect();
    SYSTEM.removeEventListener("change", look);
  };
}

// The value in one mode: where modes differ it is { light, dark }.
function themed(value, mode) {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((each) => themed(each, mode));
  if ("light" in value && "dark" in value) return value[mode];
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, themed(each, mode)]));
}
