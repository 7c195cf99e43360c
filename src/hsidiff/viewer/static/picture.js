// The scene in false colour: a choice by name, or three bands of one's own.

import { attempt, getPicture, pause } from "./api.js";
import { overviewSource, tileSource } from "./view.js";

const OWN = "Own bands", MS_BETWEEN_PICTURES = 1000;
const byId = (id) => document.getElementById(id);

// Wavelength in nm, or the number where none is known.
export function bandName(band) {
  return band.nm === null ? `${band.number}` : `${Math.round(band.nm)}`;
}

export function addPicture(scene, map) {
  const overview = new ol.layer.Image();
  const tiles = new ol.layer.Tile({ preload: 0 });
  map.addLayer(overview);
  map.addLayer(tiles);
  const channels = ["red", "green", "blue"].map(byId);
  const choice = byId("choice");
  let wanted;
  const named = new Map(scene.bands.map((band) => [band.number, bandName(band)]));
  const inWords = (numbers) => (scene.bands.every((band) => band.nm !== null) ? ` (${numbers.map((n) => named.get(n)).join(", ")} nm)` : "");
  for (const { name, numbers } of scene.choices) choice.add(new Option(name + inWords(numbers), name));
  choice.add(new Option(OWN));
  const good = scene.bands.filter((band) => band.is_good);
  for (const channel of channels) {
    for (const band of good) channel.add(new Option(bandName(band), band.number));
  }

  // A file that takes long to read comes bit by bit: the picture is asked for until it is whole, and
  // only then the squares, which would have to be drawn again with every bit.
  async function showOverview(bands) {
    for (let share = 0, last = ""; share < 1 && bands === wanted;) {
      const picture = await getPicture(`overview.png?bands=${bands}`);
      if (bands !== wanted) return;
      overview.setSource(overviewSource(scene, map, picture.url));
      URL.revokeObjectURL(last);
      ({ share, url: last } = picture);
      byId("reading").textContent = share < 1 ? `Reading the scene: ${Math.floor(100 * share)} %` : "";
      if (share < 1) await pause(MS_BETWEEN_PICTURES);
    }
    if (bands === wanted) tiles.setSource(tileSource(scene, map, (step, col, row) => `tiles/scene/${step}/${col}/${row}.png?bands=${bands}`));
  }

  function show() {
    byId("own-bands").hidden = choice.value !== OWN;
    const chosen = scene.choices.find(({ name }) => name === choice.value);
    if (chosen) channels.forEach((channel, i) => { channel.value = chosen.numbers[i]; });
    wanted = channels.map((channel) => channel.value).join(",");
    tiles.setSource(null);
    byId("reading").textContent = "";
    attempt(() => showOverview(wanted));
  }

  choice.onchange = show;
  for (const channel of channels) channel.onchange = () => { choice.value = OWN; show(); };
  show();
}
