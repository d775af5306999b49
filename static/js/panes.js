// Keeps what stands around a swapped piece true: which place is in front, the title, the open row.
import { forgetAhead } from "./ahead.js";

export const pane = () => document.getElementById("pane");
export const list = () => document.getElementById("list");
export const here = () => location.pathname + location.search;
export const rowOf = (ref) => document.querySelector(`#list .row[data-ref="${CSS.escape(ref)}"]`);
export const shownRows = () => [...document.querySelectorAll("#list .row:not([hidden])")];
export const openRow = () => document.querySelector("#list .row.open");
export const isListVisible = () => Boolean(list()?.checkVisibility());
export const isBeside = () => matchMedia("(min-width: 1200px)").matches; // list and pane are both in front

function setOpen(row, open) {
  const link = row.querySelector(".row-link");
  row.classList.toggle("open", open);
  if (open) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

export function markOpen(row) {
  for (const other of document.querySelectorAll("#list .row.open")) if (other !== row) setOpen(other, false);
  if (row) setOpen(row, true);
}

// Reading it made it read, and the counts in the sidebar old. Once only: later lists know better.
function markRead() {
  const shown = pane();
  if ("marked" in shown.dataset) return;
  shown.dataset.marked = "";
  const row = shown.dataset.seen === "true" && rowOf(shown.dataset.ref);
  if (!row || !row.classList.contains("unread")) return;
  row.classList.remove("unread");
  document.body.dispatchEvent(new CustomEvent("counts-changed"));
}

// What is being written stands for the draft it is kept as, or else for what it answers.
function shownRow() {
  const form = document.getElementById("compose");
  if (!form) return pane().dataset.ref ? rowOf(pane().dataset.ref) : null;
  const { list_folder: listed, draft, draft_folder: drafts, answers, answers_folder: folder } = form.elements;
  if (draft.value && drafts.value === listed.value) return rowOf(draft.value) ?? openRow(); // the list may know an older one
  return answers.value && folder.value === listed.value ? rowOf(answers.value) : null;
}

export function settle() {
  const shown = pane();
  if (!shown) return;
  const unread = Number(document.getElementById("sidebar")?.dataset.unread);
  document.body.dataset.view = shown.dataset.view;
  document.title = (unread ? `(${unread}) ` : "") + (shown.dataset.title || list()?.dataset.title || document.title);
  if (!shown.hasAttribute("aria-busy")) markOpen(shownRow());
  markRead();
}

/** Nothing is open any more: the list is in front. */
export function clearPane() {
  const empty = document.getElementById("empty-pane");
  forgetAhead();
  if (!pane() || !empty) return;
  pane().replaceWith(empty.content.cloneNode(true));
  settle();
}

// What a request that asks for something takes the place of.
const placeOf = (target) => (target === document.body ? list() : target.matches("#pane, #list") ? target : null);

let left = null; // the folder that is still shown while another one is on its way

function markFolder(link) {
  const current = document.querySelector("#sidebar .folders [aria-current]");
  left ??= current;
  current?.removeAttribute("aria-current");
  link?.setAttribute("aria-current", "page");
}

// What was asked for is seen at once, in the sidebar or the list; what is still in its place isn't it.
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const { elt, target, requestConfig } = detail;
  if (requestConfig.verb !== "get") return;
  placeOf(target)?.setAttribute("aria-busy", "true");
  const row = elt.closest("#list .row");
  if (target.id === "pane" && row) markOpen(row);
  if (elt.matches(".folders a")) markFolder(elt);
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { successful, requestConfig } = detail;
  if (requestConfig.elt.matches(".folders a")) {
    if (!successful) markFolder(left);
    left = null;
  }
  if (successful || requestConfig.verb !== "get") return;
  placeOf(requestConfig.target)?.removeAttribute("aria-busy");
  if (requestConfig.target.id === "pane") settle();
});

document.addEventListener("htmx:afterSwap", settle);
document.addEventListener("htmx:oobAfterSwap", settle);
document.addEventListener("htmx:historyRestore", settle);

// On a narrow screen the list is gone once a message is open, and with it the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  const focused = document.activeElement;
  if (event.target.id === "pane" && (focused === document.body || !focused.checkVisibility())) pane().focus();
});

settle();
