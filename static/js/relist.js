// A newer list takes the older one's place and leaves alone what somebody has in hand: ticks, a search half typed,
// the rows before their eyes.
import { list, rowOf, shownRows } from "./panes.js";
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
    ticked: selection.refs(),
    typed: search.value !== search.defaultValue && search.value,
    sight: firstInSight(),
  };
}

function giveBack() {
  const before = kept;
  kept = null;
  if (!before || before.url !== list()?.dataset.url) return;
  for (const ref of before.ticked) selection.tick(ref);
  if (before.typed) document.getElementById("search").value = before.typed;
  const row = before.sight && rowOf(before.sight.ref);
  if (row) document.querySelector(".list-scroll").scrollTop += row.getBoundingClientRect().top - before.sight.at;
}

for (const name of ["htmx:beforeSwap", "htmx:oobBeforeSwap"]) document.addEventListener(name, keep);
for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(name, giveBack);
