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

function rowOf(id, change) {
  const row = document.createElement("li");
  row.dataset.id = id;
  row.onclick = () => { chosenId = id; mark(); };
  const key = document.createElement("kbd");
  const color = Object.assign(document.createElement("input"), { type: "color", title: "Colour" });
  const name = Object.assign(document.createElement("input"), { type: "text", maxLength: 80 });
  name.setAttribute("aria-label", `Name of class ${id}`);
  const count = document.createElement("span");
  count.className = "count";
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×", title: "Remove the class and its labels (undo brings them back)" });
  remove.onclick = (event) => { event.stopPropagation(); change({ do: "remove-class", class_id: id }); };
  row.append(key, color, name, count, remove);
  row.show = (landClass, position) => {
    key.textContent = position < 9 ? position + 1 : "";
    color.value = landClass.color;
    // What is being typed is not taken away.
    if (document.activeElement !== name) name.value = landClass.name;
    name.title = landClass.name;
    count.textContent = `${landClass.n_pixels} px`;
    remove.setAttribute("aria-label", `Remove ${landClass.name}`);
  };
  const update = async () => {
    if (await change({ do: "change-class", class_id: id, name: name.value, color: color.value })) return;
    const position = classes.findIndex((landClass) => landClass.id === id);
    if (position >= 0) row.show(classes[position], position); // it was refused
  };
  color.onchange = update;
  name.onchange = update;
  name.onkeydown = (event) => { if (event.key === "Enter") name.blur(); };
  return row;
}

// `change` sends a change of the labels and shows the answer.
export function showClasses(newClasses, change) {
  classes = newClasses;
  if (!classes.some(({ id }) => id === chosenId)) chosenId = classes[0]?.id ?? null;
  showRows(change);
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

// Rows that stay are not touched more than they must, so that they keep the focus of the keyboard.
function showRows(change) {
  const rows = new Map([...list.children].map((row) => [Number(row.dataset.id), row]));
  for (const [id, row] of rows) if (!classes.some((landClass) => landClass.id === id)) row.remove();
  classes.forEach((landClass, i) => {
    const row = rows.get(landClass.id) ?? rowOf(landClass.id, change);
    if (list.children[i] !== row) list.insertBefore(row, list.children[i] ?? null);
    row.show(landClass, i);
  });
}

export const sendChange = (change) => attempt(() => post("api/labels", change));
