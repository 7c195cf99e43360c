// The scene in false colour: a choice by name, or three bands of one's own.

import { overviewSource, tileSource } from "./view.js";

const OWN = "Own bands";
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
  for (const { name } of scene.choices) choice.add(new Option(name));
  choice.add(new Option(OWN));
  const good = scene.bands.filter((band) => band.is_good);
  for (const channel of channels) {
    for (const band of good) channel.add(new Option(bandName(band), band.number));
  }

  function show() {
    const chosen = scene.choices.find(({ name }) => name === choice.value);
    if (chosen) channels.forEach((channel, i) => { channel.value = chosen.numbers[i]; });
    const bands = channels.map((channel) => channel.value).join(",");
    overview.setSource(overviewSource(scene, map, `overview.png?bands=${bands}`));
    tiles.setSource(tileSource(scene, map, (step, col, row) => `tiles/scene/${step}/${col}/${row}.png?bands=${bands}`));
  }

  choice.onchange = show;
  for (const channel of channels) channel.onchange = () => { choice.value = OWN; show(); };
  show();
}
