// Points as small pictures: drawn once a colour and shape, then stamped.
const POLYGONS = {
  "triangle-up": [3, -90], "triangle-down": [3, 90], "triangle-left": [3, 180],
  "triangle-right": [3, 0], diamond: [4, 0], pentagon: [5, -90], hexagon: [6, 0],
};

function polygon(path, count, turn, radius, inner = radius) {
  const steps = inner === radius ? count : 2 * count;
  for (let step = 0; step < steps; step += 1) {
    const angle = ((turn + (360 * step) / steps) * Math.PI) / 180;
    const reach = step % 2 && inner !== radius ? inner : radius;
    path.lineTo(reach * Math.cos(angle), reach * Math.sin(angle));
  }
  path.closePath();
}

function cross(path, radius, turn) {
  const [long, short] = [radius * 1.05, radius * 0.36];
  const corners = [
    [-short, -long], [short, -long], [short, -short], [long, -short],
    [long, short], [short, short], [short, long], [-short, long],
    [-short, short], [-long, short], [-long, -short], [-short, -short],
  ];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  corners.forEach(([x, y]) => path.lineTo(x * cos - y * sin, x * sin + y * cos));
  path.closePath();
}

function shapeOf(symbol, radius) {
  const path = new Path2D();
  if (symbol in POLYGONS) {
    polygon(path, ...POLYGONS[symbol], radius * 1.2);
  } else if (symbol === "square") {
    path.rect(-radius * 0.9, -radius * 0.9, radius * 1.8, radius * 1.8);
  } else if (symbol === "cross" || symbol === "x") {
    cross(path, radius, symbol === "x" ? Math.PI / 4 : 0);
  } else if (symbol === "star") {
    polygon(path, 5, -90, radius * 1.3, radius * 0.55);
  } else if (symbol === "hourglass") {
    [[-1, -1], [1, -1], [-1, 1], [1, 1]].forEach(([x, y]) => path.lineTo(x * radius, y * radius));
    path.closePath();
  } else {
    path.arc(0, 0, radius, 0, 2 * Math.PI);
  }
  return path;
}

// A point without a value is a ring.
const isHollow = (symbol) => symbol.endsWith("-open");

function inked(pen, path, color, symbol, width) {
  if (isHollow(symbol)) {
    pen.strokeStyle = color;
    pen.lineWidth = width;
    pen.stroke(path);
  } else {
    pen.fillStyle = color;
    pen.fill(path);
  }
}

// Returns stamp(color, symbol): a canvas with the point in its middle.
function stamps(size, ratio, rim) {
  const made = new Map();
  return (color, symbol) => {
    const key = `${color}|${symbol}`;
    if (!made.has(key)) {
      const side = Math.ceil((size * 1.5 + 4) * ratio);
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = side;
      const pen = canvas.getContext("2d");
      pen.translate(side / 2, side / 2);
      pen.scale(ratio, ratio);
      const path = shapeOf(symbol, size / 2);
      inked(pen, path, color, symbol, 1.4);
      if (rim && !isHollow(symbol)) {
        pen.strokeStyle = rim;
        pen.lineWidth = 0.5;
        pen.stroke(path);
      }
      made.set(key, canvas);
    }
    return made.get(key);
  };
}
