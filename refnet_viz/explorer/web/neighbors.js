// Lines from a point to its neighbours in every map: those that both graphs have, and
// those that only the baseline's or only the other one has.
// `near` is { k, count, rows, lists, panels, styles }: `lists` hold `width` neighbours a
// point, nearest first, or those of the points `rows` alone; numbers from `count` on are no
// drawn points; a panel names two of the lists, and whether it shows what is gained.
function listed({ k, count, rows, lists }, number, row) {
  const list = lists[number];
  const at = rows === undefined ? row : rows.indexOf(row);
  if (!list || at < 0) return [];
  const start = at * list.width;
  const nearest = list.values.slice(start, start + Math.min(k, list.width));
  return [...nearest].filter((other) => other < count);
}

// The neighbours of a point on a map, by what became of them. The baseline's own map
// shows what the map that is pointed at has lost.
function changesOf(near, number, row, pointed = number) {
  const { before, after, gains } = near.panels[number];
  const meant = near.panels[pointed];
  const was = listed(near, before, row);
  const is = listed(near, !gains && meant?.gains ? meant.after : after, row);
  return {
    kept: is.filter((other) => was.includes(other)),
    lost: was.filter((other) => !is.includes(other)),
    gained: gains ? is.filter((other) => !was.includes(other)) : [],
  };
}

// The neighbours that both of two points have on a map, and whether one is the other's.
function sharedOf(near, number, [one, other]) {
  const { before, after, gains } = near.panels[number];
  const own = gains ? after : before;
  const [ones, others] = [listed(near, own, one), listed(near, own, other)];
  return { shared: ones.filter((row) => others.includes(row)), edge: ones.includes(other) || others.includes(one) };
}

// In their own colours, also where a selection greys them.
function dots(pen, panel) {
  const stampOf = panel.scene.stampsOf(panel);
  return (row, px, py) => {
    const stamp = stampOf(row, false);
    const side = stamp.width / panel.scene.ratio;
    pen.drawImage(stamp, px - side / 2, py - side / 2, side, side);
  };
}

// Two points, and lines from both to the neighbours they share; a wider one between the
// two where one is the other's neighbour.
function drawPair(pen, panel, pair) {
  const { near } = panel.scene.data;
  if (!near?.panels[panel.number]) return;
  const { shared, edge } = sharedOf(near, panel.number, pair);
  const places = pair.map((row) => panel.place(row));
  const ends = shared.map((row) => [...panel.place(row), row]);
  const { color, width } = near.styles.kept;
  const dot = dots(pen, panel);
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.beginPath();
  for (const [x, y] of places) {
    for (const [toX, toY] of ends) {
      pen.moveTo(x, y);
      pen.lineTo(toX, toY);
    }
  }
  pen.stroke();
  if (edge) {
    pen.lineWidth = 2.5 * width;
    pen.beginPath();
    places.forEach(([x, y]) => pen.lineTo(x, y));
    pen.stroke();
  }
  pen.lineWidth = 1.2;
  for (const [x, y, row] of ends) {
    dot(row, x, y);
    pen.beginPath();
    pen.arc(x, y, panel.scene.sizeOf(panel) / 2 + 1.5, 0, 2 * Math.PI);
    pen.stroke();
  }
  pair.forEach((row, i) => dot(row, ...places[i]));
}

function drawNeighbors(pen, panel, row) {
  const { near } = panel.scene.data;
  if (!near?.panels[panel.number]) return;
  const changes = changesOf(near, panel.number, row, panel.scene.pointed?.number);
  const [x, y] = panel.place(row);
  const dot = dots(pen, panel);
  const radius = panel.scene.sizeOf(panel) / 2 + 1.5;
  for (const kind of ["kept", "lost", "gained"]) {
    const { color, width, dash } = near.styles[kind];
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    const ends = changes[kind].map((other) => [...panel.place(other), other]);
    for (const [toX, toY] of ends) {
      pen.moveTo(x, y);
      pen.lineTo(toX, toY);
    }
    pen.stroke();
    pen.setLineDash([]);
    pen.lineWidth = 1.2;
    for (const [toX, toY, other] of ends) {
      dot(other, toX, toY);
      pen.beginPath();
      pen.arc(toX, toY, radius, 0, 2 * Math.PI);
      pen.stroke();
    }
  }
  dot(row, x, y);
}
