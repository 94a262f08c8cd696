// Maps of many points: counted pixel by pixel, and shown in the mean colour of the points
// on a pixel, as opaque as the logarithm of their number. No order of the points hides
// others, and where they outnumber the pixels their density is what is seen.
const GATHERED = 64; // bins on a side of the grid that finds points, at least

// Places from whole numbers of steps, of which the largest stands for none.
function unstepped(numbers, least, step) {
  const places = new Float32Array(numbers.length);
  for (let row = 0; row < numbers.length; row += 1) {
    places[row] = numbers[row] === 65535 ? NaN : least + step * numbers[row];
  }
  return places;
}

// Diameter of a dot in pixels: all dots together would cover the map once, so that they
// shrink as they become more and grow when one comes near.
function dotOf(panel) {
  const { width, height, view, scene, data } = panel;
  const room = Math.sqrt((width * height) / data.x.length) * view.zoom;
  return Math.min(Math.max(room, 1 / scene.ratio), scene.sizeOf(panel));
}

const inkPen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const parsed = new Map();

// Red, green and blue of a colour from 0 to 255, and its alpha from 0 to 1.
function rgbaOf(color) {
  if (!parsed.has(color)) {
    inkPen.clearRect(0, 0, 1, 1);
    inkPen.fillStyle = color;
    inkPen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = inkPen.getImageData(0, 0, 1, 1).data;
    parsed.set(color, [red, green, blue, alpha / 255]);
  }
  return parsed.get(color);
}

// The colour of every point as a code, and the colours by code: { codes, colors }, a
// colour being [color, symbol]. Numbers have that of the nearest step of the scale.
const stepped = new WeakMap(); // numbers to codes

function inksOf({ scene, data }) {
  const { styles, scale, mode } = scene.data;
  if (data.codes) return { codes: data.codes, colors: styles };
  const { low, high, colors } = scale;
  let codes = stepped.get(data.values);
  if (codes?.span !== `${low} ${high}`) {
    const steps = colors.length - 1;
    codes = Uint8Array.from(data.values, (value) => {
      const share = (value - low) / (high - low || 1);
      return Number.isNaN(share) ? colors.length : Math.round(Math.min(Math.max(share, 0), 1) * steps);
    });
    codes.span = `${low} ${high}`;
    stepped.set(data.values, codes);
  }
  return { codes, colors: [...colors, GREY[mode]].map((color) => [color, "circle"]) };
}

// How many points lie on a pixel where most do, at a scale of 1.
const densest = new WeakMap(); // places to that number

function densityOf(data) {
  if (!densest.has(data.x)) {
    const { counts, cell } = countedOn(data);
    densest.set(data.x, counts.reduce((one, other) => Math.max(one, other), 0) / cell ** 2);
  }
  return densest.get(data.x);
}

// The layers of a map from below: { part, grey, faintest, clearest }. `part` tells the
// points: 0 all, 1 those that are not selected, 2 those that are.
function layersOf(panel) {
  const { scene } = panel;
  const clear = clearness(panel);
  if (!scene.chosen) return [{ part: 0, grey: false, faintest: clear, clearest: CLEAR }];
  const few = scene.chosen.count < CROWD;
  return [
    { part: 1, grey: true, faintest: 0.3 * clear, clearest: 0.3 * CLEAR },
    { part: 2, grey: false, faintest: few ? CLEAR : Math.max(clear, 0.6), clearest: CLEAR },
  ];
}

// All that is needed to draw a map, in pixels of the device.
function taskOf(panel) {
  const { scene, data, base } = panel;
  const { scale, left, top } = panel.map;
  const ratio = base.width / panel.width;
  const dot = dotOf(panel) * ratio;
  const { codes, colors } = inksOf(panel);
  const most = (densityOf(data) / (scale * ratio) ** 2) * Math.max(dot, 1) ** 2;
  return {
    x: data.x, y: data.y, codes, chosen: scene.chosen,
    scale: scale * ratio, left: left * ratio, top: top * ratio,
    wide: base.width, high: base.height, dot,
    most: Math.log(Math.max(most, Math.E)),
    colors: colors.map(([color, symbol]) => [...rgbaOf(color), isHollow(symbol)]),
    grey: rgbaOf(GREY[scene.data.mode]), layers: layersOf(panel),
  };
}

// The pixels of a dot: x and y from its middle, and how much of each it covers. Small ones
// are squares; one without a value is a ring where there is room.
function footprint(dot, hollow) {
  const cells = [];
  if (dot < 2.5) {
    const side = Math.max(Math.round(dot), 1);
    for (let at = 0; at < side * side; at += 1) cells.push(at % side, Math.floor(at / side), 1);
    return Float32Array.from(cells);
  }
  const reach = Math.ceil(dot / 2);
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      const far = Math.hypot(x, y);
      let cover = Math.min(Math.max(dot / 2 + 0.5 - far, 0), 1);
      if (hollow && dot >= 5) cover *= Math.min(Math.max(far - dot / 2 + 2, 0), 1);
      if (cover) cells.push(x, y, cover);
    }
  }
  return Float32Array.from(cells);
}

// Counts on the processor: for browsers that have no graphics card to do it. One of these
// is faster there than a graphics card that is imitated.
class Counter {
  constructor() {
    this.canvas = document.createElement("canvas");
  }

  fit(wide, high) {
    if (this.canvas.width !== wide || this.canvas.height !== high || !this.image) {
      [this.canvas.width, this.canvas.height] = [wide, high];
      this.image = new ImageData(wide, high);
      this.sums = new Float32Array(4 * wide * high);
    }
    this.image.data.fill(0);
  }

  paint(pen, panel) {
    const task = taskOf(panel);
    this.fit(task.wide, task.high);
    for (const layer of task.layers) {
      this.count(task, layer);
      this.show(task, layer);
    }
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
    pen.drawImage(this.canvas, 0, 0, panel.width, panel.height);
  }

  count({ x, y, codes, chosen, scale, left, top, wide, high, dot, colors, grey }, layer) {
    const { sums } = this;
    sums.fill(0);
    const [full, open] = [footprint(dot, false), footprint(dot, true)];
    const inks = layer.grey ? colors.map(([, , , alpha, hollow]) => [...grey.slice(0, 3), alpha, hollow]) : colors;
    const [reds, greens, blues, alphas] = [0, 1, 2, 3].map((at) => Float32Array.from(inks, (ink) => ink[at]));
    const side = Math.max(Math.round(dot), 1);
    const shift = dot < 2.5 ? Math.floor((side - 1) / 2) : 0;
    const wanted = layer.part - 1;
    for (let row = 0; row < x.length; row += 1) {
      if (wanted >= 0 && chosen[row] !== wanted) continue;
      const px = Math.floor(scale * x[row] + left) - shift;
      const py = Math.floor(top - scale * y[row]) - shift;
      if (!(px > -20 && py > -20 && px < wide + 20 && py < high + 20)) continue; // nor without a place
      const code = codes[row];
      if (side === 1) { // where points are most it is all there is to do
        if (px < 0 || py < 0 || px >= wide || py >= high) continue;
        const at = 4 * (py * wide + px);
        sums[at] += reds[code] * alphas[code];
        sums[at + 1] += greens[code] * alphas[code];
        sums[at + 2] += blues[code] * alphas[code];
        sums[at + 3] += alphas[code];
        continue;
      }
      const cells = inks[code][4] ? open : full;
      for (let i = 0; i < cells.length; i += 3) {
        const [cx, cy] = [px + cells[i], py + cells[i + 1]];
        if (cx < 0 || cy < 0 || cx >= wide || cy >= high) continue;
        const at = 4 * (cy * wide + cx);
        const cover = cells[i + 2] * alphas[code];
        sums[at] += reds[code] * cover;
        sums[at + 1] += greens[code] * cover;
        sums[at + 2] += blues[code] * cover;
        sums[at + 3] += cover;
      }
    }
  }

  // Over the layers below (Porter and Duff 1984).
  show({ most }, { faintest, clearest }) {
    const { sums, image: { data } } = this;
    for (let at = 0; at < data.length; at += 4) {
      const count = sums[at + 3];
      if (!count) continue;
      const share = count < 1 ? count * faintest
        : faintest + (clearest - faintest) * Math.min(Math.log(count) / most, 1);
      const below = (data[at + 3] / 255) * (1 - share);
      const both = share + below;
      for (let i = at; i < at + 3; i += 1) data[i] = (sums[i] / count * share + data[i] * below) / both;
      data[at + 3] = 255 * both;
    }
  }

  keep() {} // it holds nothing between two maps

  close() {}
}

// Finds points near a place without looking at all of them: rows in bins of a grid, one
// bin after another.
class Bins {
  constructor({ x, y }) {
    const box = boxOf([{ x, y }]);
    this.side = Math.max(GATHERED, Math.round(Math.sqrt(x.length) / 2));
    this.cell = Math.max(box.wide, box.high) / this.side;
    [this.left, this.low] = [box.x - box.wide / 2, box.y - box.high / 2];
    const binOf = (row) => this.bin(y[row], this.low) * this.side + this.bin(x[row], this.left);
    this.starts = new Uint32Array(this.side ** 2 + 1);
    for (let row = 0; row < x.length; row += 1) {
      if (!Number.isNaN(x[row])) this.starts[binOf(row) + 1] += 1;
    }
    for (let bin = 0; bin < this.side ** 2; bin += 1) this.starts[bin + 1] += this.starts[bin];
    const next = this.starts.slice();
    this.rows = new Uint32Array(this.starts.at(-1));
    for (let row = 0; row < x.length; row += 1) {
      if (!Number.isNaN(x[row])) this.rows[next[binOf(row)]++] = row;
    }
  }

  bin(value, from) {
    return Math.min(Math.max(Math.floor((value - from) / this.cell), 0), this.side - 1);
  }

  // Calls `look` with all rows in a box, and some beside it.
  each(left, right, low, high, look) {
    const [first, last] = [this.bin(left, this.left), this.bin(right, this.left)];
    for (let line = this.bin(low, this.low); line <= this.bin(high, this.low); line += 1) {
      const end = this.starts[line * this.side + last + 1];
      for (let at = this.starts[line * this.side + first]; at < end; at += 1) look(this.rows[at]);
    }
  }
}

const binned = new WeakMap(); // places to their bins

function binsOf(data) {
  if (!binned.has(data.x)) binned.set(data.x, new Bins(data));
  return binned.get(data.x);
}
