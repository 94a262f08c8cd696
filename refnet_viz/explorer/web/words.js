// Names on a map, at the middles of their points: as many as fit without overlap, those of
// more points first.
const WORDS = "600 11.5px ";
const HALO = 4; // pixels of paper around letters
const MOST_WORDS = 12;
const LINE = 15; // pixels
const SHIFTS = [0, -LINE, LINE]; // of a name that would lie on another one

function middleOf(values) {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// For each code that has points: how many, and the one of them that is nearest to their
// median, so that no name stands where none of its points is.
function anchorsOf({ x, y }, codes, skip) {
  const rows = new Map();
  const step = Math.ceil(x.length / MANY); // of many points an even part stands for all
  for (let row = 0; row < x.length; row += step) {
    if (Number.isNaN(x[row]) || skip(codes[row])) continue;
    if (!rows.has(codes[row])) rows.set(codes[row], []);
    rows.get(codes[row]).push(row);
  }
  return [...rows].map(([code, own]) => {
    const [left, top] = [middleOf(own.map((row) => x[row])), middleOf(own.map((row) => y[row]))];
    let [best, anchor] = [Infinity, -1];
    for (const row of own) {
      const far = (x[row] - left) ** 2 + (y[row] - top) ** 2;
      if (far < best) [best, anchor] = [far, row];
    }
    return { code, count: own.length, row: anchor };
  }).sort((one, other) => other.count - one.count || one.code - other.code);
}

// Boxes of the names that are written: [{ text, row, x, y, wide }], `x` and `y` their
// middles. Those that fit nowhere near are left out.
function placed(anchors, names, { width, height, place, measure }) {
  const boxes = [];
  for (const { code, row } of anchors) {
    if (boxes.length === MOST_WORDS) break;
    const text = names[code];
    const wide = measure(text) + 2 * HALO;
    const [px, py] = place(row);
    if (wide > width || px < 0 || py < 0 || px > width || py > height) continue;
    const x = Math.min(Math.max(px, wide / 2), width - wide / 2);
    const middle = Math.min(Math.max(py, LINE / 2), height - LINE / 2);
    const fits = (y) => y >= LINE / 2 && y <= height - LINE / 2 && boxes.every(
      (box) => Math.abs(box.x - x) >= (box.wide + wide) / 2 || Math.abs(box.y - y) >= LINE,
    );
    const y = SHIFTS.map((shift) => middle + shift).find(fits);
    if (y !== undefined) boxes.push({ text, row, x, y, wide });
  }
  return boxes;
}

function paintWords(pen, panel) {
  const { words, styles, mode } = panel.scene.data;
  panel.words = [];
  if (!words || panel.width < words.least) return;
  const { names, codes } = words.panels ? words.panels[panel.number] : words;
  // Made once a message: to zoom and to move changes places only.
  const skip = (code) => !names[code] || (!codes && isHollow(styles[code][1]));
  panel.data.anchors ??= anchorsOf(panel.data, codes ?? panel.data.codes, skip);
  const style = getComputedStyle(panel.plot);
  pen.font = WORDS + style.fontFamily;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  panel.words = placed(panel.data.anchors, names, {
    width: panel.width, height: panel.height, place: (row) => panel.place(row),
    measure: (text) => pen.measureText(text).width,
  });
  pen.lineJoin = "round";
  pen.lineWidth = HALO;
  pen.strokeStyle = style.getPropertyValue("--rv-paper") || "#ffffff";
  pen.fillStyle = MARK[mode];
  pen.globalAlpha = panel.scene.chosen ? 0.6 : 1;
  panel.words.forEach(({ text, x, y }) => pen.strokeText(text, x, y));
  panel.words.forEach(({ text, x, y }) => pen.fillText(text, x, y));
  pen.globalAlpha = 1;
}
