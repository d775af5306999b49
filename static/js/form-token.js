// An open page whose person signed in again in another tab holds a form token that is over: it fetches a fresh one and
// makes the refused request once more. The page knows whose it is, so that a letter never goes out as somebody else.
import { showNotice } from "./notice.js";

const REPEATED = "X-Repeated";
const person = document.querySelector('meta[name="person"]');
let fetching = null;

const isStale = ({ xhr, requestConfig }) =>
  Boolean(person) && xhr.getResponseHeader("X-Stale-Token") !== null && !(REPEATED in requestConfig.headers);

/** Puts a token of the present session everywhere. Rejects, with what to say, when that is not this page's person. */
async function renew() {
  const answer = await fetch(person.dataset.tokenUrl, { headers: { "HX-Request": "true" } });
  if (answer.status === 409) throw ["Somebody else is signed in here now.", `Your text is still here. Sign in again as ${person.content} in another tab, then go on.`];
  if (!answer.ok) throw ["You're signed out.", "Your text is still here. Sign in again in another tab, then go on."];
  const token = await answer.text();
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
}

async function repeat(detail) {
  const { elt, requestConfig } = detail;
  try {
    fetching ??= renew().finally(() => { fetching = null; });
    await fetching;
  } catch (words) {
    if (!Array.isArray(words)) words = ["Postroom can't be reached.", "Check the connection and try again: nothing on this page is lost."];
    showNotice(...words);
    elt.dispatchEvent(new CustomEvent("htmx:afterRequest", { bubbles: true, detail: { ...detail, final: true } }));
    return;
  }
  const { verb, path, formData: values, triggeringEvent: event } = requestConfig;
  values.set("csrf_token", document.querySelector('meta[name="csrf-token"]').content);
  window.htmx.ajax(verb, path, { source: elt, target: detail.target, values, event, headers: { [REPEATED]: "1" } });
}

// Nobody else hears of the first refusal: for them the request takes a little longer.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!isStale(event.detail)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.final || !isStale(event.detail)) return;
  event.stopImmediatePropagation();
  repeat(event.detail);
}, true);
