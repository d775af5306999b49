// One key, one visible control. A key whose control isn't there does nothing, so a read-only page has no way around it.
import { isActing } from "./actions.js";
import { awaitForm, forgetAhead } from "./ahead.js";
import { isListVisible, openRow, pane, rowOf, shownRows } from "./panes.js";
import { closePane } from "./places.js";
import * as drawer from "./drawer.js";
import * as selection from "./selection.js";

const SEQUENCE = 1200; // milliseconds between "g" and the key after it
const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const ACTIONS = { e: "archive", "#": "delete", s: "star", u: "unread" };
const ANSWERS = { r: "reply", a: "reply-all", f: "forward" };
const UNDO = "#toasts .toast:not([hidden]) form[data-undo] button";
const cursor = { ref: null, index: -1 };
let goingUntil = 0;
let early = null; // a key for a message that is still on its way

const focusedRow = () => document.activeElement?.closest("#list .row:not([hidden])") ?? null;
const shown = (row) => (row && !row.hidden ? row : null);
const cursorRow = () => focusedRow() ?? shown(cursor.ref && rowOf(cursor.ref)) ?? openRow();
const isComing = () => document.querySelector("#pane[aria-busy]") !== null;
const isTyping = (element) => element.closest?.('input:not([type="checkbox"]), textarea, select, [contenteditable]');

// While a letter is open a stray key must not act on the mail around it, unless the reader went to the list on purpose.
const isWriting = (element) => document.getElementById("compose") !== null && !element.closest?.("#list");

function press(selector) {
  const control = [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
  control?.click();
  return Boolean(control);
}

function goTo(row) {
  const link = row?.querySelector(".row-link");
  if (!link) return;
  link.focus();
  link.scrollIntoView({ block: "nearest" });
}

function walk(step) {
  const all = shownRows();
  const here = all.indexOf(cursorRow());
  if (isListVisible()) goTo(all[here < 0 ? 0 : Math.min(Math.max(here + step, 0), all.length - 1)]);
  else if (here >= 0 && document.body.dataset.view === "message") all[here + step]?.querySelector(".row-link").click();
}

function act(key) {
  const row = focusedRow();
  const inPane = document.querySelector("#pane[data-ref]:not([aria-busy])");
  if (selection.count()) press(`.list-actions [data-key="${key}"]`);
  else if (inPane && (!row || row.dataset.ref === inPane.dataset.ref)) press(`#pane [data-key="${key}"]`);
  else if (key === "star") cursorRow()?.querySelector("button.row-star")?.click();
  else if (selection.toggle(cursorRow()) && !press(`.list-actions [data-key="${key}"]`)) selection.toggle(cursorRow());
}

// For the message that is on its way. What is typed from here on is meant for the answer.
function later(key) {
  early = key;
  if (key in ANSWERS) awaitForm();
}

// The message under the cursor is answered; one that isn't open is opened first.
function answer(key) {
  if (!document.getElementById("compose-link")) return;
  const open = openRow();
  const row = focusedRow() ?? (open || pane().dataset.ref ? null : cursorRow());
  if (row && row !== open) row.querySelector(".row-link").click();
  if (isComing()) later(key);
  else press(`#pane [data-key="${ANSWERS[key]}"]`);
}

function back() {
  const { view } = document.body.dataset;
  if (drawer.isOpen()) drawer.close();
  else if (selection.count()) selection.clear();
  else if (view === "compose") press("#leave-compose");
  else if (view === "message") closePane();
}

// What is still being done is undone once it is.
function undo() {
  if (isActing()) document.addEventListener("acted", undo, { once: true });
  else [...document.querySelectorAll(UNDO)].at(-1)?.click();
}

function goInbox() {
  goingUntil = 0;
  document.querySelector('#sidebar [data-role="inbox"]')?.click();
}

function handle(key) {
  if (Date.now() < goingUntil && key === "i") goInbox();
  else if (key === "g") goingUntil = Date.now() + SEQUENCE;
  else if (key in STEPS) walk(STEPS[key]);
  else if (key === "o") cursorRow()?.querySelector(".row-link").click();
  else if (key === "x") selection.toggle(cursorRow());
  else if (isComing() && key in ACTIONS && !isListVisible()) later(key);
  else if (key in ACTIONS) act(ACTIONS[key]);
  else if (key in ANSWERS) answer(key);
  else if (key === "c") press('#compose-link, .topbar [role="button"][hx-get]');
  else if (key === "z") undo();
  else if (key === "/") { if (isListVisible()) document.getElementById("search").select(); }
  else if (key === "?") document.getElementById("help")?.showModal();
  else return false;
  return true;
}

function escape(target) {
  if (isTyping(target) && !target.closest("#compose")) target.blur();
  else back();
}

// In a message the arrows scroll, as everywhere.
const scrolls = (key, target) => key.startsWith("Arrow") && target.closest?.("#pane, #sidebar") !== null;

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (key === "Escape") escape(target);
  else if (isTyping(target) || scrolls(key, target) || (key !== "?" && isWriting(target))) return;
  else if (handle(key)) event.preventDefault();
});

document.addEventListener("focusin", () => {
  const row = focusedRow();
  if (row) Object.assign(cursor, { ref: row.dataset.ref, index: shownRows().indexOf(row) });
});

// The row under the cursor may have left: the next one takes its place.
function recover() {
  const focused = document.activeElement;
  if ((focused !== document.body && focused.checkVisibility()) || cursor.index < 0 || !isListVisible()) return;
  const all = shownRows();
  goTo(shown(openRow()) ?? shown(rowOf(cursor.ref)) ?? all[Math.min(cursor.index, all.length - 1)]);
}

document.addEventListener("htmx:afterSettle", (event) => {
  recover();
  if (event.target.id !== "pane" || !early) return;
  const key = early;
  early = null;
  if (!(key in ANSWERS)) handle(key);
  else if (!press(`#pane [data-key="${ANSWERS[key]}"]`)) forgetAhead();
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig.target.id === "pane" && !detail.successful) early = null;
});
document.addEventListener("rows-left", recover);
