// Labels on the map, and the tools that make them. The server holds them; here they are only drawn.

import { chosenClass } from "./classes.js";
import { showMessage } from "./api.js";
import { toMap, toPixel } from "./view.js";

const TOOLS = [
  ["look", "Look", "v", "Click a pixel for its spectrum; drag to move"],
  ["point", "Point", "p", "Click a pixel to label it"],
  ["polygon", "Area", "a", "Click corners, double-click to close"],
  ["paint", "Brush", "b", "Drag to paint"],
  ["erase", "Erase", "e", "Drag to take labels away"],
];
const SMALL = 16; // screen pixels: an outline of three colours would hide what is inside
const { Style, Stroke, Fill, Circle } = ol.style;

export class LabelTools {
  // `send` sends a change; `onLook` is told of clicked pixels (col, row).
  constructor(map, send, onLook) {
    Object.assign(this, { map, send, onLook, tool: "look", isSpace: false, trail: null });
    this.source = new ol.source.Vector({ wrapX: false });
    this.drawn = new ol.source.Vector({ wrapX: false });
    this.layer = new ol.layer.Vector({ source: this.source, zIndex: 10, style: (feature, resolution) => this.styleOf(feature, resolution) });
    map.addLayer(this.layer);
    map.addLayer(new ol.layer.Vector({ source: this.drawn, zIndex: 11, style: (f, resolution) => this.trailStyle(resolution) }));
    this.addPan();
    this.addPolygons();
    this.addPointer();
    this.makeToolbar();
    this.choose("look");
    this.shown.onchange = () => this.layer.setVisible(this.shown.checked);
  }

  get radius() { return Number(this.size.value) / 2; }

  get isBrush() { return this.tool === "paint" || this.tool === "erase"; }

  // Whoever labels must see the labels.
  setVisible(isVisible) {
    this.shown.checked = isVisible;
    this.layer.setVisible(isVisible);
  }

  show({ features, classes, can_undo: canUndo, can_redo: canRedo }) {
    this.colors = new Map(classes.map(({ id, color }) => [id, color]));
    const format = new ol.format.GeoJSON();
    this.source.clear(true);
    this.source.addFeatures(features.map(({ id, class_id: classId, geometry }) => {
      const shape = format.readGeometry(geometry);
      shape.applyTransform((flat, _, stride) => { for (let i = 1; i < flat.length; i += stride) flat[i] = -flat[i]; return flat; });
      const feature = new ol.Feature({ geometry: shape, classId });
      feature.setId(id);
      return feature;
    }));
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
  }

  isLabelled(row, col) {
    const middle = toMap([col + 0.5, row + 0.5]);
    return this.source.getFeatures().some((feature) => {
      const shape = feature.getGeometry();
      if (shape.getType() !== "Point") return shape.intersectsCoordinate(middle);
      const [x, y] = shape.getCoordinates();
      return Math.floor(x) === col && Math.floor(-y) === row;
    });
  }

  styleOf(feature, resolution) {
    const color = this.colors.get(feature.get("classId")) ?? "#000000";
    if (feature.getGeometry().getType() === "Point") {
      return new Style({ image: new Circle({ radius: 5, fill: new Fill({ color }), stroke: new Stroke({ color: "#fff", width: 2 }) }) });
    }
    const [width, height] = ol.extent.getSize(feature.getGeometry().getExtent());
    if (Math.max(width, height) / resolution < SMALL) {
      return [
        new Style({ stroke: new Stroke({ color: "#1f2a33", width: 4 }) }),
        new Style({ stroke: new Stroke({ color: "#fff", width: 2 }), fill: new Fill({ color }) }),
      ];
    }
    return [
      // Dark and white around it, so that it is seen on any picture and on a map of its own colour.
      new Style({ stroke: new Stroke({ color: "#1f2a33", width: 5 }) }),
      new Style({ stroke: new Stroke({ color: "#fff", width: 3.5 }) }),
      new Style({ stroke: new Stroke({ color, width: 2 }), fill: new Fill({ color: `${color}55` }) }),
    ];
  }

  trailStyle(resolution) {
    const color = this.tool === "erase" ? "#ffffff" : chosenClass()?.color ?? "#ffffff";
    const width = Math.max((2 * this.radius) / resolution, 2);
    return new Style({ stroke: new Stroke({ color: `${color}aa`, width, lineCap: "round", lineJoin: "round" }) });
  }

  addPan() {
    const condition = () => !this.isBrush || this.isSpace;
    this.map.addInteraction(new ol.interaction.DragPan({ condition }));
  }

  addPolygons() {
    this.polygons = new ol.interaction.Draw({ source: this.drawn, type: "Polygon", style: (f, resolution) => this.trailOutline(resolution) });
    this.polygons.on("drawend", ({ feature }) => {
      const corners = feature.getGeometry().getCoordinates()[0].slice(0, -1).map(toPixel);
      setTimeout(() => this.drawn.clear());
      this.change({ do: "polygon", corners });
    });
    this.map.addInteraction(this.polygons);
  }

  trailOutline() {
    const color = chosenClass()?.color ?? "#ffffff";
    return new Style({ stroke: new Stroke({ color, width: 2 }), fill: new Fill({ color: `${color}33` }), image: new Circle({ radius: 4, fill: new Fill({ color }) }) });
  }

  // The brush follows the pointer while its button is down; points and looks are single clicks.
  addPointer() {
    const viewport = this.map.getViewport();
    const at = (event) => toPixel(this.map.getEventCoordinate(event));
    viewport.addEventListener("pointerdown", (event) => {
      if (!this.isBrush || this.isSpace || event.button !== 0 || event.target.tagName !== "CANVAS") return;
      viewport.setPointerCapture(event.pointerId);
      this.trail = [at(event)];
    });
    viewport.addEventListener("pointermove", (event) => {
      if (!this.trail) return;
      this.trail.push(at(event));
      this.drawTrail();
    });
    viewport.addEventListener("pointerup", () => this.endTrail());
    viewport.addEventListener("pointercancel", () => { this.trail = null; this.drawn.clear(); });
    this.map.on("singleclick", ({ coordinate }) => { if (this.tool === "look") this.onLook(toPixel(coordinate)); });
    this.map.on("click", ({ coordinate }) => {
      if (this.tool === "point" && !this.isSpace) { this.change({ do: "point", at: toPixel(coordinate) }); this.onLook(toPixel(coordinate)); }
    });
  }

  drawTrail() {
    const line = new ol.geom.LineString(this.trail.map(toMap));
    this.drawn.clear(true);
    this.drawn.addFeature(new ol.Feature(line));
  }

  async endTrail() {
    if (!this.trail) return;
    const path = thinned(this.trail);
    this.trail = null;
    await this.change({ do: this.tool, path, radius_px: this.radius });
    this.drawn.clear();
  }

  change(change) {
    if (change.do === "erase") return this.send(change);
    const landClass = chosenClass();
    if (!landClass) { showMessage("Add a class first."); return undefined; }
    return this.send({ ...change, class_id: landClass.id });
  }

  makeToolbar() {
    const bar = document.getElementById("tools");
    this.buttons = new Map(TOOLS.map(([tool, text, key, title]) => {
      const button = makeButton(text, `${title} (${key.toUpperCase()})`, () => this.choose(tool), key);
      bar.append(button);
      return [tool, button];
    }));
    const label = document.createElement("label");
    this.size = Object.assign(document.createElement("input"), { type: "range", min: 1, max: 41, step: 2, value: 5, title: "Width of brush and eraser in pixels ([ and ])" });
    this.sizeText = document.createElement("span");
    this.size.oninput = () => { this.sizeText.textContent = `${this.size.value} px`; };
    label.append(this.size, this.sizeText);
    this.sizeLabel = label;
    this.undo = makeButton("Undo", "Undo (Ctrl Z)", () => this.send({ do: "undo" }));
    this.redo = makeButton("Redo", "Redo (Ctrl Y)", () => this.send({ do: "redo" }));
    const shown = Object.assign(document.createElement("label"), { title: "Show the labels (L)" });
    this.shown = Object.assign(document.createElement("input"), { type: "checkbox", id: "show-labels", checked: true });
    shown.append(this.shown, "Labels");
    bar.append(label, document.createElement("i"), this.undo, this.redo, shown);
    this.size.oninput();
  }

  resize(difference) { this.size.value = Number(this.size.value) + difference; this.size.oninput(); }

  giveUp() { this.polygons.abortDrawing(); this.trail = null; this.drawn.clear(); }

  choose(tool) {
    this.giveUp();
    this.tool = tool;
    if (tool !== "look") this.setVisible(true);
    this.polygons.setActive(tool === "polygon");
    this.sizeLabel.hidden = !this.isBrush;
    for (const [name, button] of this.buttons) button.setAttribute("aria-pressed", String(name === tool));
    this.map.getViewport().style.cursor = tool === "look" ? "" : "crosshair";
  }

  key(key) {
    const tool = TOOLS.find(([, , letter]) => letter === key);
    if (tool) this.choose(tool[0]);
  }
}

function makeButton(text, title, onclick, key) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: text, title, onclick });
  if (key) button.append(Object.assign(document.createElement("kbd"), { textContent: key.toUpperCase() }));
  return button;
}

// At most so many positions as one request may hold.
function thinned(path) {
  const every = Math.ceil(path.length / 2000);
  return path.filter((_, i) => i % every === 0 || i === path.length - 1);
}
