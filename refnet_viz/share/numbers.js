// What the page works out itself, from the nearest neighbours of every point.
// A graph is { near, most, count }: `near` holds `most` neighbours a point, nearest
// first; rows from `count` on are points that the page does not draw.
const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array };

function unpack(text, kind) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new KINDS[kind](bytes.buffer);
}

// 1 - Jaccard of the neighbours of every point in both graphs.
function rewired(one, other, k) {
  const { most, count } = one;
  return Float64Array.from({ length: count }, (_, row) => {
    if (one.lacks(row) || other.lacks(row)) return NaN;
    const start = row * most;
    const known = new Set(one.near.subarray(start, start + k));
    let both = 0;
    for (let place = start; place < start + k; place += 1) both += known.has(other.near[place]);
    return 1 - both / (2 * k - both);
  });
}

// Share of the neighbours of every point that share a label with it; `same` has a bit
// for each of them, the first one highest.
// `judged` has a bit where both have a label, and is null where all have.
function purity({ most, count, same, judged }, k) {
  return Float64Array.from({ length: count }, (_, row) => {
    let [right, all] = [0, 0];
    for (let place = row * most; place < row * most + k; place += 1) {
      right += bit(same, place);
      all += judged ? bit(judged, place) : 1;
    }
    return all ? right / all : NaN;
  });
}

function bit(bits, place) {
  return (bits[place >> 3] >> (7 - (place & 7))) & 1;
}

function inDegree({ near, most, count }, k) {
  const found = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    for (let place = row * most; place < row * most + k; place += 1) {
      if (near[place] < count) found[near[place]] += 1;
    }
  }
  return found;
}

function meanOf(values, rows) {
  const known = rows.filter((row) => !Number.isNaN(values[row]));
  return known.reduce((sum, row) => sum + values[row], 0) / known.length;
}

// Share of right answers; of several labels a point, the share of right entries.
function accuracy(labels, told, rows, classes) {
  const known = rows.filter((row) => labels[row]);
  let right = 0;
  for (const row of known) {
    const here = new Set(labels[row]);
    const both = told[row].filter((code) => here.has(code)).length;
    right += classes ? 1 - (labels[row].length + told[row].length - 2 * both) / classes : both;
  }
  return right / known.length;
}

// The share that the best constant answer gets right.
function constantShare(labels, rows, classes) {
  const counts = new Map();
  const known = rows.filter((row) => labels[row]);
  if (!known.length) return NaN;
  for (const row of known) {
    for (const code of labels[row]) counts.set(code, (counts.get(code) || 0) + 1);
  }
  if (!classes) return Math.max(...counts.values()) / known.length;
  const shares = Array.from({ length: classes }, (_, code) => (counts.get(code) || 0) / known.length);
  return shares.reduce((sum, share) => sum + Math.max(share, 1 - share), 0) / classes;
}

// Mean over seeds with the interval of Student's t within 0 and 1, of two seeds their
// values, as the strip writes it.
function bandOf(values, quantile) {
  if (values.length < 2) return "";
  if (values.length < 3) return `${values.length} seeds ${values.map(told).join(", ")}`;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = quantile * Math.sqrt(spread / values.length);
  const [low, high] = [Math.max(mean - half, 0), Math.min(mean + half, 1)];
  return `${values.length} seeds ${told(mean)} [${told(low)}, ${told(high)}]`;
}

// P values corrected for all questions, as `statistics.corrected_p`: by Holm within each
// family, the families sharing the error, times the number of tables. Null is none.
function correctedP(questions, { tenths, lead }, tables) {
  const known = questions.filter(({ p }) => p !== null);
  const names = [...new Set(known.map(({ family }) => family))];
  const total = names.reduce((sum, name) => sum + tenths[name], 0);
  const found = new Map();
  for (const name of names) {
    const own = known.filter(({ family }) => family === name);
    const first = own.filter(({ leads }) => leads).length;
    const others = own.length - first;
    const weight = ({ leads }) => (first && others ? (leads ? lead / first : (1 - lead) / others) : 1);
    const ranked = own.map((one) => ({ one, weight: weight(one) })).sort((a, b) => a.one.p / a.weight - b.one.p / b.weight);
    const left = [];
    for (let i = ranked.length - 1, sum = 0; i >= 0; i -= 1) {
      sum += ranked[i].weight;
      left[i] = sum;
    }
    let most = 0;
    ranked.forEach(({ one, weight: own_ }, i) => {
      most = Math.max(most, (left[i] / own_) * one.p);
      found.set(one, Math.min(1, Math.min(1, most) * (total / tenths[name]) * tables));
    });
  }
  return questions.map((one) => (found.has(one) ? found.get(one) : null));
}

// The verdict on a difference, as `statistics.verdict`.
function verdictOf({ p, higher, reason }, corrected, rule) {
  if (p === null) return `${rule.undecided}: ${reason}`;
  const word = higher ? "higher" : "lower";
  if (corrected < rule.level) return word;
  return p < rule.level ? word + rule.alone : rule.inside;
}

function pWords(p) {
  return p >= 0.0005 ? p.toFixed(3) : "below 0.001";
}

function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

// Two places, as Python rounds: of two that are as near the even one.
function told(value) {
  if (Number.isNaN(value)) return "–";
  const cents = value * 100;
  const tie = (value * 8) % 1 === 0 && Math.abs(cents % 1) === 0.5;
  return (tie ? (2 * Math.round(cents / 2)) / 100 : value).toFixed(2);
}

// Three significant digits, as Python's ".3g" writes them.
function shortNumber(value) {
  if (!value) return "0";
  const [digits, exponent] = value.toExponential(2).split("e").map(Number);
  if (exponent >= -4 && exponent < 3) return String(Number(value.toPrecision(3)));
  const sign = exponent < 0 ? "-" : "+";
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// Text without the differences of case, as the explorer folds it.
function folded(text) {
  return text.toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

function whole(value) {
  return value.toLocaleString("en-US");
}

// One line of bounded length.
function shortened(value, longest) {
  return clipped(value.split(/\s+/).filter(Boolean).join(" "), longest);
}

// Text of so many characters, not halves of them.
function clipped(text, longest) {
  if (text.length <= longest) return text;
  const letters = [...text];
  return letters.length <= longest ? text : `${letters.slice(0, longest - 1).join("")}…`;
}

// With `safe`, text that a spreadsheet would compute gets an apostrophe in front.
function asCsv(lines, safe = false) {
  const text = (value) => (safe && typeof value === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : String(value));
  const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return lines.map((line) => `${line.map((value) => cell(text(value))).join(",")}\n`).join("");
}
