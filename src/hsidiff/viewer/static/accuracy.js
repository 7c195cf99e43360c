// What held-out labels say of the map that is shown: in short beside it, at length in a dialog.

import { get, onlyLatest } from "./api.js";

const byId = (id) => document.getElementById(id);

export class Accuracy {
  constructor() {
    this.asked = "";
    this.ask = onlyLatest((id) => get(`api/accuracy/${id}`));
    this.details = byId("details");
    this.inside = byId("details-page").attachShadow({ mode: "open" });
    byId("show-details").onclick = () => this.details.showModal();
    byId("close-details").onclick = () => this.details.close();
    // A click beside the dialog is one on the dialog itself, not on what it holds.
    this.details.onclick = ({ target }) => { if (target === this.details) this.details.close(); };
  }

  // `version` counts what may change of a map that follows the labels.
  async show(id, version, { method, profile, n_labels: nLabels }) {
    const wanted = `${id}/${version}`;
    if (wanted === this.asked) return;
    const isSameMap = this.asked.startsWith(`${id}/`);
    this.asked = wanted;
    byId("accuracy").dataset.of = "";
    if (!isSameMap) this.clear("Scores of held-out labels are being looked up …");
    byId("about").textContent = method
      ? `${method}${profile ? `, ${profile}` : ""}: learned from ${nLabels} labelled pixels.`
      : "The live map: a quick head that learned from all labels.";
    const answer = await this.ask(id);
    // What changes meanwhile is asked for again.
    if (!answer) { if (this.asked === wanted) this.clear("No scores."); return; }
    this.fill(answer);
    byId("accuracy").dataset.of = wanted;
    this.onceFilled?.();
    this.onceFilled = null;
  }

  clear(text) {
    byId("score-rows").replaceChildren();
    byId("leakage").replaceChildren();
    byId("held-out").textContent = text;
    byId("how-scored").open = true;
    byId("show-details").hidden = true;
    this.details.close();
  }

  fill({ rows, words, leakage, page }) {
    byId("score-rows").replaceChildren(...(rows.length ? [headOf()] : []), ...rows.map((row) => rowOf(row, "td")));
    byId("held-out").textContent = words.join(" ");
    byId("how-scored").open = !rows.length; // where there are none, it says why
    byId("leakage").replaceChildren(...leakage.map(([text, isCaution]) => paragraph(isCaution ? "caution" : "hint", text)));
    byId("show-details").hidden = !rows.length;
    this.inside.innerHTML = page; // made by the templates of the reports, which escape every text
  }
}

function headOf() {
  const head = rowOf(["Held-out labels", "", "95 % interval"], "th");
  for (const cell of head.cells) cell.scope = "col";
  return head;
}

function rowOf(texts, kind) {
  const row = document.createElement("tr");
  row.append(...texts.map((text) => Object.assign(document.createElement(kind), { textContent: text })));
  return row;
}

function paragraph(kind, text) { return Object.assign(document.createElement("p"), { className: kind, textContent: text }); }
