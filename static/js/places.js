// Back, forward and out again without asking for a page that is there: the list stays where it was scrolled to.
import { save } from "./drafts.js";
import * as drawer from "./drawer.js";
import { clearPane, here, isListVisible, list, pane } from "./panes.js";
import { forgetPane } from "./requests.js";

const scroller = () => document.querySelector(".list-scroll");
const key = () => `scrolled ${list().dataset.url}`;
let before = {};

function setAddress(url) {
  if (url !== here()) history.replaceState({ ...history.state, htmx: true }, "", url);
}

// Where one came from is one step back, not the same place a second time.
function setPlace(url) {
  if (history.state?.from === url) history.back();
  else setAddress(url);
}

/** The list comes to the front, where it was. */
function showList() {
  forgetPane();
  clearPane();
  restoreScroll();
  if (document.activeElement === document.body) document.dispatchEvent(new CustomEvent("rows-left"));
}

/** Where the list was when it was last looked at. */
function restoreScroll() {
  const place = list() && scroller();
  if (place) place.scrollTop = Number(sessionStorage.getItem(key()) ?? 0);
}

/** Out of what is open, to the list. Where that is one step back, it is the browser's step, too. */
export function closePane() {
  const url = list().dataset.url;
  if (history.state?.from === url) {
    history.back();
    return;
  }
  setAddress(url);
  showList();
}

function show(url, options) {
  window.htmx.ajax("get", url, { source: list(), target: "#pane", swap: "outerHTML", ...options }).catch(() => {});
}

async function leave(link) {
  if (!(await save())) return;
  const url = link.getAttribute("href");
  if (link.dataset.back === "list") closePane();
  else if (history.state?.from === url) history.back();
  else show(url, { push: "false", replace: "true" });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-back]");
  if (!link || !list() || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  leave(link);
}, true);

// What answers a form has an address of its own; any other pane is found again where it was asked for.
function follow(event) {
  if (!pane() || !list()) return;
  if (pane().dataset.view === "list") pane().dataset.url = list().dataset.url;
  pane().dataset.url ||= here();
  const { target, verb } = event?.detail.requestConfig ?? {};
  if (target?.id === "pane" && verb === "post") setPlace(pane().dataset.url);
  if (target?.id === "list" && verb === "get") setAddress(list().dataset.url);
}

for (const name of ["htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(name, follow);

// Each entry of the browser's history knows the one it was opened from, also when another message takes its place.
document.addEventListener("htmx:beforeSwap", () => { before = { url: here(), from: history.state?.from }; });
document.addEventListener("htmx:pushedIntoHistory", () => { history.replaceState({ ...history.state, from: before.url }, ""); });
document.addEventListener("htmx:replacedInHistory", () => { history.replaceState({ ...history.state, from: before.from }, ""); });

// A message that belongs to the list on the page: only the pane has to change.
function isBesideList(url) {
  const [path, query = ""] = url.split("?");
  const [base, listed = ""] = list().dataset.url.split("?");
  return path.startsWith(base) && query === listed;
}

window.addEventListener("popstate", (event) => {
  const url = here();
  if (drawer.isOpen()) drawer.hide();
  else if (!list() || !isBesideList(url)) return;
  else if (url !== pane().dataset.url) save().then((kept) => (kept ? step(url) : history.pushState({ htmx: true }, "", pane().dataset.url)));
  event.stopImmediatePropagation();
}, true);

function step(url) {
  if (url === list().dataset.url) showList();
  else show(url, { push: "false" });
}

document.addEventListener("scroll", (event) => {
  if (event.target === scroller() && isListVisible()) sessionStorage.setItem(key(), event.target.scrollTop);
}, { capture: true, passive: true });

document.addEventListener("htmx:historyRestore", restoreScroll);

if (list()) {
  follow();
  const [visit] = performance.getEntriesByType("navigation");
  if (visit?.type === "reload" || visit?.type === "back_forward") restoreScroll();
}
