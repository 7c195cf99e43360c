// The list of classes: choose, name, colour, add, remove.

import { attempt, post } from "./api.js";

const list = document.getElementById("classes");
let chosenId = null;
let classes = [];

export const chosenClass = () => classes.find(({ id }) => id === chosenId);

export function chooseClass(position) {
  if (position < classes.length) {
    chosenId = classes[position].id;
    mark();
  }
}

function mark() {
  for (const row of list.children) row.setAttribute("aria-current", String(Number(row.dataset.id) === chosenId));
}

function rowOf(landClass, position, change) {
  const row = document.createElement("li");
  row.dataset.id = landClass.id;
  row.onclick = () => { chosenId = landClass.id; mark(); };
  const key = document.createElement("kbd");
  key.textContent = position < 9 ? position + 1 : "";
  const color = Object.assign(document.createElement("input"), { type: "color", value: landClass.color, title: "Colour" });
  const name = Object.assign(document.createElement("input"), { type: "text", value: landClass.name, maxLength: 80 });
  name.setAttribute("aria-label", `Name of class ${landClass.id}`);
  const update = () => change({ do: "change-class", class_id: landClass.id, name: name.value, color: color.value });
  color.onchange = update;
  name.onchange = update;
  name.onkeydown = (event) => { if (event.key === "Enter") name.blur(); };
  const count = document.createElement("span");
  count.className = "count";
  count.textContent = `${landClass.n_pixels} px`;
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×", title: "Remove the class and its labels (undo brings them back)" });
  remove.setAttribute("aria-label", `Remove ${landClass.name}`);
  remove.onclick = (event) => { event.stopPropagation(); change({ do: "remove-class", class_id: landClass.id }); };
  row.append(key, color, name, count, remove);
  return row;
}

// `change` sends a change of the labels and shows the answer.
export function showClasses(newClasses, change) {
  // A name that is being typed is not taken away; the next change brings the list up to date.
  const isTyping = list.contains(document.activeElement) && document.activeElement.type === "text";
  classes = newClasses;
  if (!classes.some(({ id }) => id === chosenId)) chosenId = classes[0]?.id ?? null;
  if (!isTyping) list.replaceChildren(...classes.map((landClass, i) => rowOf(landClass, i, change)));
  mark();
  document.getElementById("add-class").onclick = async () => {
    let number = classes.length + 1;
    while (classes.some(({ name }) => name === `Class ${number}`)) number += 1;
    const answer = await change({ do: "add-class", name: `Class ${number}` });
    if (!answer) return;
    chosenId = answer.classes.at(-1).id;
    mark();
    list.lastElementChild.querySelector("input[type=text]").select();
  };
}

export const sendChange = (change) => attempt(() => post("api/labels", change));
