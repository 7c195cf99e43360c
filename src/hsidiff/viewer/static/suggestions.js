// Pixels to label next: rings on the map, one after the other, each with the reason.

import { attempt, get } from "./api.js";
import { toMap } from "./view.js";

const { Style, Stroke, Circle } = ol.style;
const byId = (id) => document.getElementById(id);

export class Suggestions {
  // `isLabelled` tells whether a pixel (row, column) has a label; `onLook` is told of the pixel that is shown.
  constructor(map, isLabelled, onLook) {
    Object.assign(this, { map, isLabelled, onLook, pixels: [], current: -1 });
    this.source = new ol.source.Vector({ wrapX: false });
    map.addLayer(new ol.layer.Vector({ source: this.source, zIndex: 12, style: (feature) => this.styleOf(feature) }));
    byId("suggest").onclick = () => this.ask();
  }

  async ask() {
    byId("suggest").disabled = true;
    this.pixels = (await attempt(() => get("api/suggestions"))) ?? [];
    byId("suggest").disabled = false;
    this.current = -1;
    this.next();
    byId("suggestion").scrollIntoView({ block: "nearest" });
  }

  // They are of the live map, and go with it.
  clear() {
    if (!this.pixels.length) return;
    this.pixels = [];
    this.draw();
  }

  // Those that are labelled meanwhile are left out.
  update() {
    const shown = this.pixels[this.current];
    this.pixels = this.pixels.filter(({ row, col }) => !this.isLabelled(row, col));
    this.current = this.pixels.indexOf(shown);
    this.draw();
  }

  next() {
    if (this.pixels.length) {
      this.current = (this.current + 1) % this.pixels.length;
      const { row, col } = this.pixels[this.current];
      const at = [col + 0.5, row + 0.5];
      const view = this.map.getView();
      if (!ol.extent.containsCoordinate(view.calculateExtent(), toMap(at))) view.animate({ center: toMap(at), duration: 200 });
      this.onLook(at);
    }
    this.draw();
  }

  draw() {
    this.source.clear(true);
    this.source.addFeatures(this.pixels.map(({ row, col }, i) => new ol.Feature({
      geometry: new ol.geom.Point(toMap([col + 0.5, row + 0.5])), isCurrent: i === this.current,
    })));
    const shown = this.pixels[this.current];
    const text = byId("suggestion");
    text.hidden = !this.pixels.length;
    if (this.pixels.length) {
      text.textContent = shown
        ? `${this.current + 1} of ${this.pixels.length}: ${shown.reason}. Label it with Point if you know it; N goes on.`
        : `${this.pixels.length} suggested pixels left; N goes to the next.`;
    }
  }

  styleOf(feature) {
    const isCurrent = feature.get("isCurrent");
    const ring = (color, width) => new Style({ image: new Circle({ radius: isCurrent ? 11 : 7, stroke: new Stroke({ color, width }) }) });
    return [ring("#1f2a33", 5), ring(isCurrent ? "#ffd400" : "#ffffff", 2.5)];
  }
}
