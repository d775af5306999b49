// A newer list takes the older one's place and leaves alone what somebody has in hand: ticks, a search half typed,
// the rows before their eyes. Whoever reads a message that somebody else moves meanwhile is told.
import { list, pane, rowOf, shownRows } from "./panes.js";
import * as selection from "./selection.js";

let kept = null;

function firstInSight() {
  const place = document.querySelector(".list-scroll");
  if (!place?.scrollTop) return null; // at the top one sees what comes in
  const { top } = place.getBoundingClientRect();
  const row = shownRows().find((one) => one.getBoundingClientRect().bottom > top);
  return row ? { ref: row.dataset.ref, at: row.getBoundingClientRect().top } : null;
}

function keep({ detail }) {
  if (detail.target.id !== "list") return;
  const search = document.getElementById("search");
  kept = {
    url: list().dataset.url,
    refs: shownRows().map((row) => row.dataset.ref),
    ticked: selection.refs(),
    typed: search.value !== search.defaultValue && search.value,
    sight: firstInSight(),
  };
}

// Rows that newer mail pushed off the page are its last ones; any other that is missing has left the folder.
function hasLeft(ref, refs) {
  const at = refs.indexOf(ref);
  return at >= 0 && !rowOf(ref) && (!document.getElementById("page-next") || refs.slice(at + 1).some(rowOf));
}

function tellOfTheOpenOne(refs) {
  if ("live" in list().dataset && hasLeft(pane().dataset.ref, refs)) pane().querySelector(".message")?.classList.add("gone");
}

function giveBack() {
  const before = kept;
  kept = null;
  if (!before || before.url !== list()?.dataset.url) return;
  tellOfTheOpenOne(before.refs);
  for (const ref of before.ticked) selection.tick(ref);
  if (before.typed) document.getElementById("search").value = before.typed;
  const row = before.sight && rowOf(before.sight.ref);
  if (row) document.querySelector(".list-scroll").scrollTop += row.getBoundingClientRect().top - before.sight.at;
}

for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) document.addEventListener(name, keep);
for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(name, giveBack);
