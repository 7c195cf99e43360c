// Training: a method and its profile, how far it is, and the live map.

import { attempt, get, onlyLatest, post } from "./api.js";

const byId = (id) => document.getElementById(id);
let methods = [];

export async function prepareTraining() {
  const [method, profile] = [byId("method"), byId("profile")];
  method.add(new Option("loading …"));
  methods = (await attempt(() => get("api/methods"))) ?? [];
  method.replaceChildren(...methods.map(({ name, title, about }) => Object.assign(new Option(title, name), { title: about })));
  method.onchange = () => {
    const { profiles, about } = methods.find(({ name }) => name === method.value);
    byId("method-about").textContent = about;
    profile.replaceChildren(...profiles.map((name) => new Option(name)));
    profile.hidden = !profiles.length;
    if (profiles.includes("fast")) profile.value = "fast";
    showHint();
  };
  method.onchange();
  byId("train").disabled = false;
  byId("train").onclick = () => attempt(() => post("api/train", { method: method.value, profile: profile.hidden ? null : profile.value }));
  byId("stop").onclick = () => attempt(() => post("api/stop"));
  byId("live").onchange = () => switchLive(byId("live").checked);
}

// What was heard before the answer does not switch it back.
let nLiveAsked = 0;

async function switchLive(on) {
  nLiveAsked += 1;
  const answer = await attempt(() => post("api/live", { on }));
  nLiveAsked -= 1;
  if (!nLiveAsked) byId("live").checked = answer ? answer.live.on : !on;
}

const hintFor = onlyLatest((name) => get(`api/hint?method=${encodeURIComponent(name)}`));

// How long the method takes on the labels as they are, if that is more than one would think.
export async function showHint() {
  if (!methods.length) return;
  const answer = await hintFor(byId("method").value);
  if (!answer) return;
  byId("method-hint").textContent = answer.hint;
  byId("method-hint").hidden = !answer.hint;
}

const duration = (seconds) => (seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`);

function leftOf({ seconds_left: ofStep, seconds_left_in_all: inAll, n_total: total }) {
  if (inAll !== null) return `, about ${duration(inAll)} left`;
  return ofStep === null || !total ? "" : `, ${duration(ofStep)} left of this step`;
}

function jobText(job) {
  if (job.status === "failed") return `${job.title} failed: ${job.message}`;
  if (job.status !== "running") return `${job.title}: ${job.status}`;
  const done = job.n_total ? ` ${job.n_done} of ${job.n_total}` : "";
  // All but the last fit score the map.
  const fit = job.n_fits > 1 ? `, fit ${Math.min(job.n_fits_done + 1, job.n_fits)} of ${job.n_fits}` : "";
  return `${job.title}${fit}: ${job.step}${done}${leftOf(job)}`;
}

export function showJob(job) {
  byId("job").hidden = !job;
  byId("job-notes").hidden = !job?.notes.length;
  if (!job) return;
  const isRunning = job.status === "running";
  byId("job-text").textContent = jobText(job);
  byId("job-bar").parentElement.hidden = !isRunning;
  byId("job-bar").style.width = `${isRunning ? (100 * job.n_done) / (job.n_total || 1) : 0}%`;
  byId("stop").hidden = !isRunning;
  byId("train").disabled = isRunning || !methods.length;
  byId("job-notes").replaceChildren(...job.notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
}

export function showLive(live) {
  if (!nLiveAsked) byId("live").checked = live.on;
  const status = byId("live-status");
  status.hidden = !live.on;
  if (!live.ready) status.textContent = "The scene is being learned, which it needs once; label meanwhile.";
  else if (live.message) status.textContent = `No live map yet: ${live.message}`;
  else status.textContent = live.version ? `It follows the labels; last fit took ${live.seconds} s. To export a map, train one.` : "Label pixels of two classes.";
}
