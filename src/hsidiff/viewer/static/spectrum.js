// Spectra as a drawing: the clicked pixel and the means of the classes. Gaps stay gaps.

const WIDTH = 344, HEIGHT = 150, LEFT = 40, RIGHT = 14, TOP = 8, BOTTOM = 30;
const box = document.getElementById("spectrum");

function element(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function ticks(low, high, wanted) {
  const rough = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) found.push(Number(tick.toPrecision(10)));
  return found;
}

// `series`: [{ values, color, width, name }], one value or null per band of the file.
export function drawSpectra(scene, series) {
  const known = scene.bands.every((band) => band.nm !== null);
  const place = (band) => (known ? band.nm : band.number);
  // Detectors overlap, so bands are not always in the order of their wavelengths.
  const order = scene.bands.map((_, i) => i).sort((a, b) => place(scene.bands[a]) - place(scene.bands[b]));
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null));
  if (!all.length) {
    box.innerHTML = '<p class="hint">This pixel has no value.</p>';
    return;
  }
  const places = order.map((i) => place(scene.bands[i]));
  const [x0, x1] = [places[0], places.at(-1)];
  const [low, high] = [Math.min(...all, 0), Math.max(...all)];
  const x = (value) => LEFT + ((value - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Spectrum" });

  // Bands that are not used are grey.
  const half = (k) => ((places[Math.min(k + 1, places.length - 1)] - places[Math.max(k - 1, 0)]) / 4) || 0.5;
  order.forEach((i, k) => {
    if (scene.bands[i].is_good) return;
    const [left, right] = [x(places[k] - half(k)), x(places[k] + half(k))];
    svg.append(element("rect", { x: left, y: TOP, width: Math.max(right - left, 1) + 0.5, height: HEIGHT - TOP - BOTTOM, fill: "#e9eef1" }));
  });
  for (const tick of ticks(low, high, 4)) {
    svg.append(element("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), stroke: "#e3e8eb" }));
    svg.append(element("text", { x: LEFT - 5, y: y(tick) + 3, "text-anchor": "end" }, tick));
  }
  for (const tick of ticks(x0, x1, 5)) {
    svg.append(element("text", { x: x(tick), y: HEIGHT - BOTTOM + 13, "text-anchor": "middle" }, tick));
  }
  svg.append(element("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 4, "text-anchor": "middle" }, known ? "wavelength, nm" : "band"));
  for (const { values, color, width, name } of series) {
    const line = element("path", { d: pathOf(order, values, places, x, y), fill: "none", stroke: color, "stroke-width": width, "data-name": name });
    line.append(element("title", {}, name));
    svg.append(line);
  }
  box.replaceChildren(svg);
}

function pathOf(order, values, places, x, y) {
  let pen = "M", path = "";
  order.forEach((i, k) => {
    if (values[i] === null) { pen = "M"; return; }
    path += `${pen}${x(places[k]).toFixed(1)} ${y(values[i]).toFixed(1)}`;
    pen = "L";
  });
  return path;
}
