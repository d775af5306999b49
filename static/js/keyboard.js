// One key, one visible control. A key whose control isn't there does nothing, so a read-only page has no way around it.
import { clearPane, isListVisible, rowOf } from "./panes.js";
import * as drawer from "./drawer.js";
import * as selection from "./selection.js";

const SEQUENCE = 1200; // milliseconds between "g" and the key after it
const ACTIONS = { e: "archive", "#": "delete", s: "star", u: "unread" };
const ANSWERS = { r: "reply", a: "reply-all", f: "forward" };
const cursor = { ref: null, index: -1 };
let goingUntil = 0;

const rows = () => [...document.querySelectorAll("#list .row")];
const focusedRow = () => document.activeElement?.closest("#list .row") ?? null;
const openRow = () => document.querySelector("#list .row.open");
const cursorRow = () => focusedRow() ?? (cursor.ref && rowOf(cursor.ref)) ?? openRow();
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
  const all = rows();
  const here = all.indexOf(cursorRow());
  if (!isListVisible()) return here >= 0 && document.body.dataset.view === "message" && all[here + step]?.querySelector(".row-link").click();
  goTo(all[here < 0 ? 0 : Math.min(Math.max(here + step, 0), all.length - 1)]);
}

function act(key) {
  const row = focusedRow();
  const inPane = document.querySelector("#pane[data-ref]");
  if (selection.count()) press(`.list-actions [data-key="${key}"]`);
  else if (inPane && (!row || row.dataset.ref === inPane.dataset.ref)) press(`#pane [data-key="${key}"]`);
  else if (key === "star") cursorRow()?.querySelector("button.row-star")?.click();
  else if (selection.toggle(cursorRow()) && !press(`.list-actions [data-key="${key}"]`)) selection.toggle(cursorRow());
}

function back() {
  const view = document.body.dataset.view;
  if (drawer.isOpen()) drawer.close();
  else if (selection.count()) selection.clear();
  else if (view === "message" && !press("#back-to-list")) clearPane();
}

function handle(key) {
  if (Date.now() < goingUntil) {
    goingUntil = 0;
    return key === "i" ? press('#sidebar [data-role="inbox"]') || document.querySelector('#sidebar [data-role="inbox"]')?.click() : undefined;
  }
  if (key === "g") goingUntil = Date.now() + SEQUENCE;
  else if (key === "j") walk(1);
  else if (key === "k") walk(-1);
  else if (key === "o") cursorRow()?.querySelector(".row-link").click();
  else if (key === "x") selection.toggle(cursorRow());
  else if (key in ACTIONS) act(ACTIONS[key]);
  else if (key in ANSWERS) press(`#pane [data-key="${ANSWERS[key]}"]`);
  else if (key === "c") press('#compose-link, .topbar [role="button"][hx-get]');
  else if (key === "/") { if (isListVisible()) document.getElementById("search").select(); }
  else if (key === "?") document.getElementById("help")?.showModal();
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (key === "Escape") isTyping(target) ? target.blur() : back();
  else if (!isTyping(target) && (key === "?" || !isWriting(target)) && handle(key) !== false) event.preventDefault();
});

document.addEventListener("focusin", () => {
  const row = focusedRow();
  if (row) Object.assign(cursor, { ref: row.dataset.ref, index: rows().indexOf(row) });
});

// The row under the cursor may have left with the list it stood in: the next one takes its place.
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement !== document.body || cursor.index < 0 || !isListVisible()) return;
  goTo(rowOf(cursor.ref) ?? rows()[Math.min(cursor.index, rows().length - 1)]);
});
