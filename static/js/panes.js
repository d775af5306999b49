// Keeps what stands around a swapped piece true: which place is in front, the title, the open row.

const pane = () => document.getElementById("pane");
const list = () => document.getElementById("list");
export const rowOf = (ref) => document.querySelector(`#list .row[data-ref="${CSS.escape(ref)}"]`);
export const isListVisible = () => Boolean(list()?.checkVisibility());

function markOpenRow() {
  const ref = pane()?.dataset.ref ?? "";
  for (const row of document.querySelectorAll("#list .row.open")) {
    if (row.dataset.ref !== ref) setOpen(row, false);
  }
  const row = ref && rowOf(ref);
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
  document.body.dispatchEvent(new CustomEvent("mail-changed"));
}

function setOpen(row, open) {
  row.classList.toggle("open", open);
  row.querySelector(".row-link").toggleAttribute("aria-current", open);
  if (open) row.querySelector(".row-link").setAttribute("aria-current", "true");
}

function settle() {
  const shown = pane();
  if (!shown) return;
  document.body.dataset.view = shown.dataset.view;
  document.title = shown.dataset.title || list()?.dataset.title || document.title;
  markOpenRow();
  markRead();
}

/** Nothing is open any more: back to the list, its address and its title. */
export function clearPane() {
  const shown = pane();
  const empty = document.getElementById("empty-pane");
  if (!shown || !empty) return;
  const url = shown.dataset.listUrl;
  shown.replaceWith(empty.content.cloneNode(true));
  if (url) history.replaceState({ htmx: true }, "", url);
  settle();
}

// A message that was archived, deleted or moved isn't open any more; one that was starred is.
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, requestConfig } = event.detail;
  const ref = pane()?.dataset.ref;
  if (!successful || !ref || !elt.dataset.verb) return;
  const refs = requestConfig.formData?.getAll("ref") ?? [];
  if (!refs.includes(ref)) return;
  const stars = pane().querySelector(".star-pair");
  if ("leaves" in elt.dataset) clearPane();
  else if (stars && /star$/.test(elt.dataset.verb)) stars.dataset.flagged = String(elt.dataset.verb === "star");
});

document.addEventListener("htmx:afterSwap", settle);
document.addEventListener("htmx:oobAfterSwap", settle);
document.addEventListener("htmx:historyRestore", settle);

// On a narrow screen the list is gone once a message is open, and with it the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  const here = document.activeElement;
  if (event.target.id === "pane" && (here === document.body || !here.checkVisibility())) pane().focus();
});

settle();
