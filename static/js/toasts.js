// A toast stays for eight seconds, and for as long as somebody points at it or tabs to it.

const STAYS = 8000;
const MOST = 3; // on screen at once; the oldest makes room

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
  for (const toast of document.querySelectorAll("#toasts .toast:not([data-live])")) live(toast);
  for (const old of [...document.querySelectorAll("#toasts .toast")].slice(0, -MOST)) old.remove();
}

for (const name of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:historyRestore"]) document.addEventListener(name, liven);
liven();
