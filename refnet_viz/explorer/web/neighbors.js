// Lines from a point to its neighbours in every map: those that both graphs have, and
// those that only the baseline's or only the other one has.
// `near` is { k, count, row, lists, panels, styles }: `lists` hold `width` neighbours a
// point, nearest first, or those of the point `row` alone; numbers from `count` on are no
// drawn points; a panel names two of the lists, and whether it shows what is gained.
function listed({ k, count, row: only, lists }, number, row) {
  const list = lists[number];
  const at = only === undefined ? row : only === row ? 0 : -1;
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

function drawNeighbors(pen, panel, row) {
  const { near } = panel.scene.data;
  if (!near?.panels[panel.number]) return;
  const changes = changesOf(near, panel.number, row, panel.scene.pointed?.number);
  const [x, y] = panel.place(row);
  const stampOf = panel.scene.stampsOf(panel);
  // In their own colours, also where a selection greys them.
  const dot = (other, px, py) => {
    const stamp = stampOf(other, false);
    const side = stamp.width / panel.scene.ratio;
    pen.drawImage(stamp, px - side / 2, py - side / 2, side, side);
  };
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
