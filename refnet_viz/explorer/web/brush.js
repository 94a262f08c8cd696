// How stamps get on a map: one call each, or for a crowd pixel by pixel into a picture of
// its own, which takes a fraction of the time.
class Stamper {
  constructor(panel, pen) {
    this.pen = pen;
    this.ratio = panel.scene.ratio;
  }

  alpha(share) {
    this.pen.globalAlpha = share;
  }

  dot(stamp, px, py) {
    const side = stamp.width / this.ratio;
    this.pen.drawImage(stamp, px - side / 2, py - side / 2, side, side);
  }

  end() {
    this.pen.globalAlpha = 1;
  }
}

// The pixels of a stamp that are not blank: x, y, red, green, blue and alpha from 0 to 1.
function pixelsOf(stamp) {
  if (stamp.pixels) return stamp.pixels;
  const { data } = stamp.getContext("2d").getImageData(0, 0, stamp.width, stamp.height);
  const pixels = [];
  for (let at = 0; at < data.length; at += 4) {
    if (!data[at + 3]) continue;
    const place = at / 4;
    pixels.push(place % stamp.width, Math.floor(place / stamp.width),
      data[at], data[at + 1], data[at + 2], data[at + 3] / 255);
  }
  stamp.pixels = Float32Array.from(pixels);
  return stamp.pixels;
}

class Blotter {
  constructor(panel, pen) {
    this.pen = pen;
    this.panel = panel;
    this.ratio = panel.scene.ratio;
    const { width, height } = panel.base;
    if (panel.blot?.width !== width || panel.blot?.height !== height) {
      panel.blot = document.createElement("canvas");
      [panel.blot.width, panel.blot.height] = [width, height];
    }
    this.image = new ImageData(width, height);
  }

  alpha(share) {
    this.share = share;
  }

  // Over what is there already (Porter and Duff 1984), at whole pixels.
  dot(stamp, px, py) {
    const { data, width, height } = this.image;
    const left = Math.round(px * this.ratio - stamp.width / 2);
    const top = Math.round(py * this.ratio - stamp.height / 2);
    const pixels = pixelsOf(stamp);
    for (let i = 0; i < pixels.length; i += 6) {
      const [x, y] = [left + pixels[i], top + pixels[i + 1]];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = 4 * (y * width + x);
      const above = pixels[i + 5] * this.share;
      const below = (data[at + 3] / 255) * (1 - above);
      const both = above + below;
      data[at] = (pixels[i + 2] * above + data[at] * below) / both;
      data[at + 1] = (pixels[i + 3] * above + data[at + 1] * below) / both;
      data[at + 2] = (pixels[i + 4] * above + data[at + 2] * below) / both;
      data[at + 3] = 255 * both;
    }
  }

  end() {
    const { blot, width, height } = this.panel;
    blot.getContext("2d").putImageData(this.image, 0, 0);
    this.pen.drawImage(blot, 0, 0, width, height);
  }
}
