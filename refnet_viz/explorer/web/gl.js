// Many points on the graphics card, by WebGL2: places, codes of colours and what is
// selected stay in its memory, so that to zoom and to move sends a few numbers. Two steps
// for each layer: count points and colours on every pixel, then show their mean colour.
// One context draws all maps of a scene into a canvas that each map copies.
const OF_POINTS = `#version 300 es
in float x;
in float y;
in uint code;
in uint chosen;
uniform vec3 place; // scale, left, top
uniform vec2 room;
uniform float dot_;
uniform uint part;
uniform sampler2D colors;
flat out vec4 ink;
flat out float hollow;
void main() {
  vec2 at = vec2(place.x * x + place.y, place.z - place.x * y);
  gl_Position = vec4(2.0 * at.x / room.x - 1.0, 1.0 - 2.0 * at.y / room.y, 0.0, 1.0);
  if (part != 0u && chosen + 1u != part) gl_Position = vec4(9.0, 9.0, 9.0, 1.0);
  gl_PointSize = dot_ < 2.5 ? max(floor(dot_ + 0.5), 1.0) : dot_ + 1.0;
  ink = texelFetch(colors, ivec2(code & 255u, code >> 8u), 0);
  hollow = texelFetch(colors, ivec2(code & 255u, 256u + (code >> 8u)), 0).r;
}`;
const OF_COUNTS = `#version 300 es
precision highp float;
flat in vec4 ink;
flat in float hollow;
uniform float dot_;
uniform vec4 grey; // its alpha tells whether points are grey
out vec4 sum;
void main() {
  float cover = 1.0;
  if (dot_ >= 2.5) {
    float far = length(gl_PointCoord - 0.5) * (dot_ + 1.0);
    cover = clamp(0.5 * dot_ + 0.5 - far, 0.0, 1.0);
    if (hollow > 0.5 && dot_ >= 5.0) cover *= clamp(far - 0.5 * dot_ + 2.0, 0.0, 1.0);
  }
  sum = vec4(mix(ink.rgb, grey.rgb, grey.a), 1.0) * cover * ink.a;
}`;
const OF_CORNERS = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;
const OF_LOOKS = `#version 300 es
precision highp float;
uniform sampler2D sums;
uniform vec3 look; // faintest, clearest, logarithm of the most points on a pixel
out vec4 color;
void main() {
  vec4 sum = texelFetch(sums, ivec2(gl_FragCoord.xy), 0);
  float count = sum.a;
  float share = count < 1.0 ? count * look.x : mix(look.x, look.y, min(log(count) / look.z, 1.0));
  color = count > 0.0 ? vec4(sum.rgb / count, 1.0) * share : vec4(0.0);
}`;
const PALETTE = 256; // colours in a line
const IMITATED = /swiftshader|llvmpipe|software|basic render/i; // graphics cards that are none

function isImitated(gl) {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return IMITATED.test(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

class Card {
  // `lost` is called when the browser takes the context away. Throws where there is none,
  // and unless `imitated` where it would be imitated by the processor, which counts some
  // five times as fast without.
  constructor(lost, { imitated = false } = {}) {
    this.canvas = document.createElement("canvas");
    const gl = this.canvas.getContext("webgl2", { antialias: false, depth: false, stencil: false });
    if (gl && !imitated && isImitated(gl)) {
      gl.getExtension("WEBGL_lose_context")?.loseContext();
      throw new Error("no graphics card");
    }
    // Sums of many numbers between 0 and 1 need floats.
    if (!gl?.getExtension("EXT_color_buffer_float")) throw new Error("no WebGL2 with floats");
    this.gl = gl;
    this.kind = gl.getExtension("EXT_float_blend") ? gl.RGBA32F : gl.RGBA16F;
    this.canvas.addEventListener("webglcontextlost", () => !this.closed && lost());
    this.points = this.program(OF_POINTS, OF_COUNTS);
    this.looks = this.program(OF_CORNERS, OF_LOOKS);
    this.buffers = new Map(); // array to its copy on the card
    this.target = gl.createFramebuffer();
    this.colors = this.texture();
    [this.wide, this.high] = [0, 0];
  }

  program(vertices, fragments) {
    const { gl } = this;
    const made = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertices], [gl.FRAGMENT_SHADER, fragments]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
    return { made, at: (name) => gl.getUniformLocation(made, name) };
  }

  texture() {
    const { gl } = this;
    const made = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, made);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    return made;
  }

  // Makes room for the largest of the maps.
  fit(wide, high) {
    if (wide <= this.wide && high <= this.high) return;
    const { gl } = this;
    [this.wide, this.high] = [Math.max(wide, this.wide), Math.max(high, this.high)];
    [this.canvas.width, this.canvas.height] = [this.wide, this.high];
    gl.deleteTexture(this.sums);
    this.sums = this.texture();
    gl.texStorage2D(gl.TEXTURE_2D, 1, this.kind, this.wide, this.high);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.sums, 0);
  }

  bound(array) {
    const { gl } = this;
    if (this.buffers.has(array)) {
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.get(array));
      return;
    }
    const made = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, made);
    // Not every card knows what to do with NaN: what has no place is far away.
    const sent = array instanceof Float32Array && array.some(Number.isNaN)
      ? array.map((value) => (Number.isNaN(value) ? 1e30 : value)) : array;
    gl.bufferData(gl.ARRAY_BUFFER, sent, gl.STATIC_DRAW);
    this.buffers.set(array, made);
  }

  // Forgets all arrays but some.
  keep(arrays) {
    const kept = new Set(arrays);
    for (const [array, buffer] of this.buffers) {
      if (kept.has(array)) continue;
      this.gl.deleteBuffer(buffer);
      this.buffers.delete(array);
    }
  }

  feed(name, array) {
    const { gl } = this;
    const place = gl.getAttribLocation(this.points.made, name);
    if (!array) {
      gl.disableVertexAttribArray(place);
      gl.vertexAttribI4ui(place, 0, 0, 0, 0);
      return;
    }
    this.bound(array);
    gl.enableVertexAttribArray(place);
    if (array instanceof Float32Array) gl.vertexAttribPointer(place, 1, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribIPointer(place, 1, array instanceof Uint8Array ? gl.UNSIGNED_BYTE : gl.UNSIGNED_SHORT, 0, 0);
  }

  // Colours in the upper half of a picture, and below them which are hollow.
  paletteOf(colors) {
    const { gl } = this;
    const bytes = new Uint8Array(4 * PALETTE * 2 * PALETTE);
    colors.slice(0, PALETTE ** 2).forEach(([red, green, blue, alpha, hollow], code) => {
      bytes.set([red, green, blue, 255 * alpha], 4 * code);
      bytes[4 * (PALETTE ** 2 + code)] = hollow ? 255 : 0;
    });
    gl.bindTexture(gl.TEXTURE_2D, this.colors);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, PALETTE, 2 * PALETTE, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  }

  paint(pen, panel) {
    const { gl } = this;
    const task = taskOf(panel);
    const { wide, high } = task;
    this.fit(wide, high);
    const words = JSON.stringify(task.colors);
    if (words !== this.colored) this.paletteOf(task.colors);
    this.colored = words;
    gl.viewport(0, 0, wide, high);
    gl.clearColor(0, 0, 0, 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    for (const layer of task.layers) {
      this.count(task, layer);
      this.show(task, layer);
    }
    // The canvas may be higher than this map, which lies at its foot.
    pen.drawImage(this.canvas, 0, this.high - high, wide, high, 0, 0, panel.width, panel.height);
  }

  count({ x, y, codes, chosen, scale, left, top, wide, high, dot, grey }, layer) {
    const { gl, points } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.target);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(points.made);
    gl.blendFunc(gl.ONE, gl.ONE);
    gl.bindTexture(gl.TEXTURE_2D, this.colors);
    gl.uniform3f(points.at("place"), scale, left, top);
    gl.uniform2f(points.at("room"), wide, high);
    gl.uniform1f(points.at("dot_"), dot);
    gl.uniform1ui(points.at("part"), layer.part);
    gl.uniform4f(points.at("grey"), ...grey.slice(0, 3).map((part) => part / 255), layer.grey ? 1 : 0);
    this.feed("x", x);
    this.feed("y", y);
    this.feed("code", codes);
    this.feed("chosen", layer.part ? chosen : null);
    gl.drawArrays(gl.POINTS, 0, x.length);
  }

  show({ most }, { faintest, clearest }) {
    const { gl, looks } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.useProgram(looks.made);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.bindTexture(gl.TEXTURE_2D, this.sums);
    gl.uniform3f(looks.at("look"), faintest, clearest, most);
    for (const name of ["x", "y", "code", "chosen"]) {
      gl.disableVertexAttribArray(gl.getAttribLocation(this.points.made, name));
    }
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  // Frees the memory at once: a page may have some sixteen contexts.
  close() {
    this.closed = true;
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
    this.buffers.clear();
  }
}
