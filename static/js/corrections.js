// What is wrong with a field is said until somebody corrects it; all that was wrong, until the form is sent again.

function accept(field) {
  document.getElementById(field.getAttribute("aria-describedby"))?.remove();
  for (const name of ["aria-invalid", "aria-describedby"]) field.removeAttribute(name);
}

document.addEventListener("input", ({ target }) => { if (target.matches?.("#compose [aria-invalid]")) accept(target); });

document.addEventListener("submit", ({ target, submitter }) => {
  if (target.id !== "compose" || submitter?.hasAttribute("formaction")) return;
  for (const field of target.querySelectorAll("[aria-invalid]")) accept(field);
  for (const notice of target.querySelectorAll(".notice-error")) notice.remove();
}, true);
