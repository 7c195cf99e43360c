// Puts the page together: the server's state comes in as events, and every part shows its share.

import { attempt, get, listen, onlyLatest } from "./api.js";
import { chooseClass, sendChange, showClasses } from "./classes.js";
import { LabelTools } from "./labels.js";
import { addPicture } from "./picture.js";
import { Results } from "./results.js";
import { drawSpectra } from "./spectrum.js";
import { Suggestions } from "./suggestions.js";
import { prepareTraining, showHint, showJob, showLive } from "./train.js";
import { addMark, makeMap, toPixel } from "./view.js";

const byId = (id) => document.getElementById(id);
let labels = { version: -1, classes: [], features: [] };
let state = null;
let looked = null;
const spectrumAt = onlyLatest((row, col) => get(`api/spectrum?row=${row}&col=${col}`));
const classMeans = onlyLatest(() => get("api/class-means"));

const scene = await get("api/scene");
const map = makeMap(scene);
addPicture(scene, map);
const markLooked = addMark(map);
const tools = new LabelTools(map, change, look);
const results = new Results(scene, map, (isShown) => tools.setVisible(isShown));
const suggestions = new Suggestions(map, (row, col) => tools.isLabelled(row, col), look);
describeScene();
addKeys();
prepareTraining();
listen(hear, hearNothing);
window.hsidiffMap = map; // for scripts that drive the page

function describeScene() {
  document.title = `${scene.name} – hsidiff view`;
  byId("name").textContent = scene.name;
  const good = scene.bands.filter(({ is_good: isGood }) => isGood).length;
  byId("facts").textContent = `${scene.rows} × ${scene.cols} pixels, ${good} bands, ${scene.crs ?? "no map coordinates"}`;
  byId("folder").textContent = scene.folder;
  map.on("pointermove", ({ coordinate }) => { byId("position").textContent = positionText(toPixel(coordinate)); });
}

function positionText([col, row]) {
  if (col < 0 || row < 0 || col >= scene.cols || row >= scene.rows) return "";
  const pixel = `row ${Math.floor(row)}, column ${Math.floor(col)}`;
  if (!scene.transform) return pixel;
  const [a, b, c, d, e, f] = scene.transform;
  const digits = Math.abs(a) < 0.01 ? 6 : 1;
  return `${pixel}   ·   ${(a * col + b * row + c).toFixed(digits)}, ${(d * col + e * row + f).toFixed(digits)}`;
}

// The labels are in the file before the server answers, so that they outlive it.
function hearNothing() {
  byId("saved").textContent = "No connection. If hsidiff view has ended, start it again and open its new address: labels are saved.";
  byId("saved").classList.add("lost");
  byId("job").hidden = true;
}

function showSaved() {
  byId("saved").classList.remove("lost");
  byId("saved").textContent = labels.features.length ? "labels saved" : "";
}

async function hear(newState) {
  const isFirst = state === null;
  state = newState;
  if (state.labels !== labels.version) await attempt(async () => showLabels(await get("api/labels")));
  showSaved();
  showJob(state.job);
  showLive(state.live);
  if (!state.live.on) suggestions.clear();
  results.show(state, labels);
  // Who opened a map came to see it.
  if (isFirst && state.layers.some(({ id }) => id === "opened")) results.goTo();
}

async function change(wanted) {
  const answer = await sendChange(wanted);
  if (answer) showLabels(answer);
  return answer;
}

function showLabels(newLabels) {
  if (newLabels.version < labels.version) return;
  labels = newLabels;
  const n = labels.classes.reduce((sum, { n_pixels: count }) => sum + count, 0);
  byId("n-labels").textContent = n ? `${n} pixels` : "";
  byId("label-hint").hidden = labels.classes.filter(({ n_pixels: count }) => count).length > 1;
  showSaved();
  tools.show(labels);
  suggestions.update();
  showHint();
  showClasses(labels.classes, change);
  if (state) results.show(state, labels);
  if (looked) showSpectra();
}

async function look([col, row]) {
  const [c, r] = [Math.floor(col), Math.floor(row)];
  if (c < 0 || r < 0 || c >= scene.cols || r >= scene.rows) return;
  const answer = await spectrumAt(r, c);
  if (!answer) return;
  looked = answer;
  markLooked([c, r]);
  await showSpectra();
}

async function showSpectra() {
  const means = await classMeans();
  if (!means) return;
  byId("spectrum-of").textContent = `row ${looked.row}, column ${looked.col}`;
  const series = labels.classes.filter(({ id }) => id in means).map(({ id, color, name }) => ({ values: means[id], color, width: 1.5, name }));
  drawSpectra(scene, [...series, { values: looked.values, color: "#1f2a33", width: 2, name: "clicked pixel" }]);
}

function addKeys() {
  const isTyping = ({ target }) => target.matches("input[type=text], select");
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || event.altKey || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z" || key === "y") { event.preventDefault(); change({ do: key === "y" || event.shiftKey ? "redo" : "undo" }); }
      return;
    }
    if (key >= "1" && key <= "9") chooseClass(Number(key) - 1);
    else if (key === "escape") tools.giveUp();
    else if (key === "[") tools.resize(-2);
    else if (key === "]") tools.resize(2);
    else if (key === "m") results.toggle();
    else if (key === "l") tools.setVisible(!tools.shown.checked);
    else if (key === "n") suggestions.next();
    else if (key === " ") { tools.isSpace = true; if (event.target.tagName !== "BUTTON") event.preventDefault(); }
    else tools.key(key);
  });
  document.addEventListener("keyup", ({ key }) => { if (key === " ") tools.isSpace = false; });
}
