// The console on top of plain forms: what a search button did without scripts, typing does; focus stays where it was.

const PICK = 'input[name="member_mailbox_ids"]';

function adopt() {
  // A hidden button would still be what Enter presses.
  for (const button of document.querySelectorAll("[data-without-scripts]")) button.remove();
  for (const choice of document.querySelectorAll('input[name="password_mode"]')) show(choice);
}

// The field for a password is there when one is set, and gone when one is made.
function show(choice) {
  const field = choice.closest("fieldset").querySelector(".field");
  if (choice.checked) field.hidden = choice.value !== "set";
}

// That nobody is ticked is said until somebody is.
function accept(error) {
  const field = error?.parentElement.querySelector("[aria-invalid]");
  for (const name of ["aria-invalid", "aria-describedby"]) field?.removeAttribute(name);
  error?.remove();
}

document.addEventListener("change", (event) => {
  if (event.target.matches('input[name="password_mode"]')) show(event.target);
  if (event.target.matches(PICK)) accept(document.getElementById("q-error"));
});

// Enter in the search for people must not send the form it stands in.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".picker input")) event.preventDefault();
});

document.addEventListener("htmx:afterSwap", (event) => {
  adopt();
  if (!["access", "members"].includes(event.detail.target.id) || document.activeElement !== document.body) return;
  const next = document.querySelector("#access [aria-invalid], #members .toast form button");
  (next ?? document.getElementById("with-access")).focus();
});

// Ticked people stay ticked while one searches for more: the search sends them along, their order is the page's.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "people") return;
  const focused = document.activeElement;
  if (!focused?.matches(PICK)) return;
  const { value } = focused;
  event.detail.target.addEventListener("htmx:afterSettle", () => {
    document.querySelector(`${PICK}[value="${CSS.escape(value)}"]`)?.focus();
  }, { once: true });
});

adopt();
