// Edges of graphs of nearest neighbours. A graph is { near, most, count }: `near` holds
// `most` neighbours a point, nearest first; numbers from `count` on are no drawn points.

// Edges of the union graph as sorted keys: source * count + target, source < target.
function unionKeys({ near, most, count }, k) {
  const keys = new Uint32Array(count * k);
  let found = 0;
  for (let row = 0; row < count; row += 1) {
    for (let place = row * most; place < row * most + k; place += 1) {
      const other = near[place];
      if (other < count) {
        keys[found] = row < other ? row * count + other : other * count + row;
        found += 1;
      }
    }
  }
  const sorted = keys.subarray(0, found).sort();
  return sorted.filter((key, i) => !i || key !== sorted[i - 1]);
}

// What became of the edges of one graph in another; both are sorted.
function changed(before, after) {
  const [kept, gained, lost] = [[], [], []];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (j === after.length || before[i] < after[j]) lost.push(before[i++]);
    else if (i === before.length || after[j] < before[i]) gained.push(after[j++]);
    else {
      kept.push(before[i++]);
      j += 1;
    }
  }
  return { kept, gained, lost };
}

function ends(keys, count) {
  const pairs = new Uint32Array(2 * keys.length);
  keys.forEach((key, i) => {
    pairs[2 * i] = Math.floor(key / count);
    pairs[2 * i + 1] = key % count;
  });
  return pairs;
}

function touching(keys, rows, count) {
  const chosen = new Set(rows);
  return keys.filter((key) => chosen.has(Math.floor(key / count)) || chosen.has(key % count));
}

// At most so many of a list, evenly from all of it.
function evenly(list, most) {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);
}

// The kind of edges that all maps show, at `k` neighbours, as the kernel draws them; null
// where the lists are too short for that.
// `again` is { kind, most, style }: edges on all maps together, and how they look.
function edgesAt({ panels, near, selected, focus }, { kind, most, style }, k) {
  if (near.rows || !near.lists.length || near.lists.some(({ width }) => width < k)) return null;
  const { count } = near;
  const graphs = near.lists.map(({ width, values }) => ({ near: values, most: width, count }));
  const keys = new Map(); // number of a list to its edges
  const keysOf = (number) => {
    if (!keys.has(number)) keys.set(number, unionKeys(graphs[number], k));
    return keys.get(number);
  };
  return panels.map((_, number) => {
    const { before, after, gains } = near.panels[number];
    // The baseline's own map shows what became of its edges in the map in focus.
    const other = gains ? after : [near.panels[focus], ...near.panels].find((one) => one.gains && one.before === before)?.after;
    let some = [];
    if (kind === "all") some = keysOf(gains ? after : before);
    else if (other !== undefined && (gains || kind !== "gained")) some = changed(keysOf(before), keysOf(other))[kind];
    if (selected) some = touching(some, selected, count);
    const drawn = evenly(some, Math.floor(most / panels.length));
    return drawn.length ? [{ ...style, pairs: ends(drawn, count) }] : [];
  });
}
