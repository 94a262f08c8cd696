// Many points: shading by their number below them, without rims and more transparent.
const CROWD = 5000; // points from which on a map is shaded
const MANY = 20000; // points from which on they are counted pixel by pixel
const CELLS = 96; // on the longer side of the points
const DARKEST = 0.6; // alpha where most points lie
const CLEAR = 0.92; // alpha of few points
const FAINTEST = 0.4;

function isCrowded(data) {
  return data.x.length > CROWD;
}

// Whether a map is counted, by scripts that pages of fewer points do not have.
function isMany(data) {
  return data.x.length > MANY;
}

// Points on a grid over all of them: { counts, wide, high, cell, left, top }, the first
// row at the top, with an empty cell around.
function countedOn({ x, y }) {
  const box = boxOf([{ x, y }]);
  const cell = Math.max(box.wide, box.high) / CELLS;
  const [wide, high] = [box.wide, box.high].map((span) => Math.ceil(span / cell) + 3);
  const left = box.x - (wide * cell) / 2;
  const top = box.y + (high * cell) / 2;
  const counts = new Float32Array(wide * high);
  for (let row = 0; row < x.length; row += 1) {
    if (Number.isNaN(x[row])) continue; // it has no place
    counts[Math.floor((top - y[row]) / cell) * wide + Math.floor((x[row] - left) / cell)] += 1;
  }
  return { counts, wide, high, cell, left, top };
}

// Each cell with a quarter of its neighbours along a step of the grid.
function blurred(counts, step) {
  return counts.map((count, at) => (2 * count + (counts[at - step] || 0) + (counts[at + step] || 0)) / 4);
}

// A picture with a pixel a cell, as opaque as the logarithm of its count.
function shadeOf(data, color) {
  const grid = countedOn(data);
  const counts = blurred(blurred(grid.counts, 1), grid.wide);
  const most = Math.log1p(counts.reduce((one, other) => Math.max(one, other), 0)) || 1;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [grid.wide, grid.high];
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(grid.wide, grid.high);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  counts.forEach((count, at) => {
    image.data.set([red, green, blue, Math.round((255 * Math.log1p(count)) / most)], 4 * at);
  });
  pen.putImageData(image, 0, 0);
  return { ...grid, canvas };
}

// Shading fades where one comes near: dots lie apart then.
function paintDensity(pen, panel) {
  const { data, scene, view } = panel;
  if (!isCrowded(data)) return;
  data.shade ??= shadeOf(data, GREY[scene.data.mode]); // once a message
  const { canvas, cell, left, top, wide, high } = data.shade;
  const map = panel.map;
  const side = map.scale * cell;
  pen.globalAlpha = (DARKEST / view.zoom ** 0.5) * (scene.chosen ? 0.5 : 1);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(canvas, map.scale * left + map.left, map.top - map.scale * top, side * wide, side * high);
  pen.globalAlpha = 1;
}

// How opaque points are: the less the more they are, and more again where one comes near.
function clearness(panel) {
  if (!isCrowded(panel.data)) return CLEAR;
  const crowd = panel.data.x.length / CROWD / panel.view.zoom ** 2;
  return CLEAR - (CLEAR - FAINTEST) * Math.min(Math.max(Math.log2(2 * crowd) / 3, 0), 1);
}
