// A toast stays for eight seconds, and for as long as somebody points at it or tabs to it; also when they go to another
// folder meanwhile.

const STAYS = 8000;
const MOST = 3; // on screen at once; the oldest makes room

const all = () => [...document.querySelectorAll("#toasts .toast")];
const words = (toast) => toast.querySelector("p").textContent;

function live(toast) {
  let timer;
  const leave = () => toast.remove();
  const start = () => { timer = setTimeout(leave, STAYS); };
  const wait = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, wait);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
  toast.addEventListener("click", (event) => { if (event.target.closest('[data-dismiss="toast"]')) leave(); });
  toast.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) leave(); });
  toast.dataset.live = "";
  start();
}

function liven() {
  for (const toast of all()) {
    if ("live" in toast.dataset) continue;
    // The same words again take the place of those that are there, unless each has something of its own to undo.
    if (!toast.querySelector("form")) for (const other of all()) if (other !== toast && words(other) === words(toast)) other.remove();
    live(toast);
  }
  for (const old of all().slice(0, -MOST)) old.remove();
}

/** Toasts that came with something that isn't shown. */
export function show(toasts) {
  for (const toast of [...toasts]) {
    document.getElementById("toasts").append(toast);
    window.htmx.process(toast);
  }
  liven();
}

let carried = [];

function carry() {
  const lost = carried.filter((toast) => !toast.isConnected);
  carried = [];
  document.getElementById("toasts")?.prepend(...lost); // a page of the console without news has no place for them
  for (const toast of lost) window.htmx.process(toast);
}

document.addEventListener("htmx:beforeSwap", ({ detail }) => { if (detail.target === document.body) carried = all(); });
document.addEventListener("htmx:historyCacheMissLoad", () => { carried = all(); });
for (const name of ["htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(name, carry);
for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:historyRestore"]) document.addEventListener(name, liven);
liven();
