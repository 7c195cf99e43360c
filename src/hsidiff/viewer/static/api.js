// Talks to the server. All addresses are relative: the token is the first part of the path.

const message = document.getElementById("message");
let hideLater;

export function showMessage(text) {
  message.textContent = text;
  message.hidden = false;
  clearTimeout(hideLater);
  hideLater = setTimeout(() => { message.hidden = true; }, 8000);
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Error("hsidiff view does not answer: is it still running?");
  }
  if (response.ok) return response;
  const content = await response.json();
  throw new Error(content.error ?? response.statusText);
}

export const get = async (path) => (await answer(fetch(path))).json();

export const post = async (path, content = {}) =>
  (await answer(fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(content) }))).json();

// The address of a picture, and how much of the scene is in it, from 0 to 1.
export async function getPicture(path) {
  const response = await answer(fetch(path));
  return { url: URL.createObjectURL(await response.blob()), share: Number(response.headers.get("x-share-read")) };
}

export const pause = (ms) => new Promise((go) => { setTimeout(go, ms); });

// Runs something that may fail because of what the user did, and says so.
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    showMessage(error.message);
    return undefined;
  }
}

// Asks, and gives undefined where a later call was made meanwhile: answers may overtake each other.
export function onlyLatest(ask) {
  let last = 0;
  return async (...wanted) => {
    const number = (last += 1);
    const found = await attempt(() => ask(...wanted));
    return number === last ? found : undefined;
  };
}

// Calls `hear` with the state, at once and whenever it changes; the browser connects again by itself.
export function listen(hear, hearSilence) {
  const events = new EventSource("api/events");
  events.onmessage = (event) => hear(JSON.parse(event.data));
  events.onerror = hearSilence;
}
