// Hands are quicker than a form. What is typed while the form is on its way is meant for it: it acts on nothing else,
// and stands where the cursor is once there is one.

const FORM = /\/(compose|reply|reply-all|forward|draft)(\?|$)/;
let typed = null; // so far, while a form is awaited

const isField = (element) => element.closest?.("input, textarea, select, [contenteditable]");

/** A form is awaited: from now on keys are kept for it. */
export function awaitForm() {
  typed ??= "";
}

/** The cursor is where writing begins, in this document. */
export function writeAhead(page) {
  const text = typed;
  typed = null;
  if (text) page.execCommand("insertText", false, text);
}

/** Nobody waits for a form any more. */
export function forgetAhead() {
  typed = null;
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target.id !== "pane" && detail.target !== document.body) return;
  if (FORM.test(detail.requestConfig.path)) awaitForm();
  else forgetAhead();
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig.target.id === "pane" && !detail.successful) forgetAhead();
});

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (typed === null || event.ctrlKey || event.metaKey || event.altKey || isField(target)) return;
  if (key === "Backspace") typed = typed.slice(0, -1);
  else if (key === "Enter") typed += "\n";
  else if (key.length === 1) typed += event.repeat ? "" : key;
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
