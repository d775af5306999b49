// While an address is written, those this mailbox writes with are offered. The field stays a field: what is offered is
// taken with Enter, Tab or a click, and Escape sends it away.

const MOST = 6;
const SEPARATOR = /[,;\n](?=(?:[^"]*"[^"]*")*[^"]*$)/g; // not between quotation marks

const list = () => document.getElementById("people");
const options = () => [...list().querySelectorAll("[role=option]")];
const offered = () => options().filter((one) => !one.hidden);
const active = () => list()?.querySelector('[aria-selected="true"]');
let field = null; // the one the list is open for

/** What stands before the address that is being written, and the address so far. */
function parts(value) {
  const at = [...value.matchAll(SEPARATOR)].at(-1)?.index ?? -1;
  return [value.slice(0, at + 1), value.slice(at + 1).trim()];
}

function choose(option) {
  for (const one of options()) one.setAttribute("aria-selected", String(one === option));
  field.setAttribute("aria-activedescendant", option.id);
}

function close() {
  if (!field) return;
  for (const name of ["role", "aria-expanded", "aria-controls", "aria-autocomplete", "aria-activedescendant"]) field.removeAttribute(name);
  field = null;
  list().hidden = true;
}

function open(input) {
  field = input;
  input.closest(".compose-line").append(list());
  list().hidden = false;
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "true"], ["aria-controls", "people"], ["aria-autocomplete", "list"]]) input.setAttribute(name, value);
  choose(offered()[0]);
}

// Each word typed begins a word of the name or of the address.
function fits(option, words) {
  const begun = `${option.dataset.value} ${option.dataset.address}`.toLowerCase().split(/[\s<>"@._-]+/);
  return words.every((word) => begun.some((one) => one.startsWith(word)) || option.dataset.address.toLowerCase().startsWith(word));
}

function offer(input) {
  const [before, written] = parts(input.value);
  const words = written.toLowerCase().split(/\s+/);
  const taken = before.toLowerCase();
  let room = input.selectionEnd === input.value.length && written ? MOST : 0;
  for (const one of options()) {
    const known = one.dataset.address.toLowerCase();
    one.hidden = !room || known === written.toLowerCase() || taken.includes(known) || !fits(one, words);
    if (!one.hidden) room -= 1;
  }
  if (offered().length) open(input);
  else close();
}

function take(option) {
  const input = field;
  const [before] = parts(input.value);
  input.value = `${before}${before ? " " : ""}${option.dataset.value}, `;
  close();
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function move(step) {
  const all = offered();
  choose(all[(all.indexOf(active()) + step + all.length) % all.length]);
}

document.addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-people]")) window.htmx?.trigger(list(), "wanted");
});

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("[data-people]")) return;
  window.htmx?.trigger(list(), "wanted"); // unless it was asked for when the field was entered
  offer(target);
});

// They may come while somebody is writing already.
document.addEventListener("htmx:afterSettle", () => {
  const input = document.activeElement;
  if (list() && !field && input.matches("[data-people]") && document.hasFocus()) offer(input);
});

document.addEventListener("keydown", (event) => {
  if (event.target !== field || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Escape") close();
  else if (event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) take(active());
  else return;
  event.preventDefault();
}, true);

document.addEventListener("focusout", ({ target }) => { if (target === field) close(); });
document.addEventListener("pointerdown", (event) => { if (event.target.closest?.("#people")) event.preventDefault(); });
document.addEventListener("click", ({ target }) => {
  const option = target.closest?.("#people [role=option]");
  if (option) take(option);
});
