// Ticked rows: how many, all of them, a range of them. While any is ticked the actions take the title's place.

const list = () => document.getElementById("list");
const ticks = () => [...document.querySelectorAll("#list .row:not([hidden]) .row-check input[name=ref]")];
let lastTicked = null;

export const refs = () => ticks().filter((tick) => tick.checked).map((tick) => tick.value);
export const count = () => refs().length;

export function tick(ref) {
  const found = ticks().find((one) => one.value === ref);
  if (found) found.checked = true;
  show();
}

export function show() {
  if (!list()) return;
  const ticked = count();
  list().classList.toggle("selecting", ticked > 0);
  const all = document.getElementById("select-all");
  if (all) {
    all.checked = ticked > 0 && ticked === ticks().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
  const said = document.getElementById("selected-count");
  if (said) said.textContent = ticked || "";
}

export function clear() {
  for (const tick of ticks()) tick.checked = false;
  show();
}

export function toggle(row) {
  const tick = row?.querySelector("input[name=ref]");
  if (!tick) return false;
  tick.checked = !tick.checked;
  show();
  return true;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "select-all") {
    for (const tick of ticks()) tick.checked = event.target.checked;
    show();
  } else if (event.target.matches?.("#list input[name=ref]")) show();
});

document.addEventListener("click", (event) => {
  const tick = event.target;
  if (!tick.matches?.("#list input[name=ref]")) return;
  if (event.shiftKey && lastTicked) {
    const all = ticks();
    const [from, to] = [all.findIndex((one) => one.value === lastTicked), all.indexOf(tick)].sort((a, b) => a - b);
    if (from >= 0) for (const one of all.slice(from, to + 1)) one.checked = tick.checked;
    show();
  }
  lastTicked = tick.value;
});

document.addEventListener("htmx:afterSwap", show);
document.addEventListener("htmx:historyRestore", show);
show();
