// What is being written is never lost: saved while one writes, before one leaves, and sent once.
import { writeAhead } from "./ahead.js";
import { beginText, pastedFiles } from "./editor.js";
import { showNotice } from "./notice.js";

const PAUSE = 2000; // milliseconds of quiet before a save
const WAITS = [5, 10, 20, 40, 60]; // seconds before what failed is tried again
const HELD = "#compose > :not(.compose-from, .compose-foot), .compose-foot > :not(#draft-status)"; // while it is sent
const LEAVES_IT_THERE = "#compose, #save-draft, #compose-files, [data-discard]";

const compose = () => document.getElementById("compose");
let saved = ""; // what the server has, or what the form began with
let timer = 0;
let failures = 0;
let leaving = false; // sent or discarded: nothing left to lose
let held = null; // where the cursor was when it was sent
let uploading = null; // files on their way into the draft: a promise of whether they got there

const words = (form) => JSON.stringify(["to", "cc", "bcc", "subject", "text", "html", "format"].map((name) => form.elements[name]?.value ?? ""));

function written(form) {
  const kept = [...form.querySelectorAll("input[name=keep]:checked")].map((one) => one.value);
  return words(form) + JSON.stringify(kept);
}

const isUnsaved = () => Boolean(compose()) && !leaving && (uploading !== null || written(compose()) !== saved);

function say(text) {
  const place = document.querySelector("#draft-status span");
  if (place) place.textContent = text;
}

// A colleague's change to the same draft is refused a place over it (409), and kept beside it.
const isKept = ({ successful, xhr }) => successful || (xhr.status === 409 && xhr.responseText.includes('id="draft-status"'));

/** Asks, as one of the form's controls, to keep what is written. Resolves to whether it is kept, and to the request. */
function keep(control, name) {
  const form = compose();
  const [version, said] = [written(form), words(form)];
  const asked = {};
  return new Promise((resolve) => {
    const done = ({ detail }) => {
      if (detail.requestConfig.triggeringEvent?.detail?.asked !== asked) return;
      document.removeEventListener("htmx:afterRequest", done);
      const kept = isKept(detail);
      // What was uploaded or forwarded is known by another name once it lies in the draft.
      const renamed = detail.xhr.responseText.includes('id="attachments"');
      if (kept) saved = renamed && words(form) === said ? written(form) : version;
      resolve([kept, detail.xhr]);
    };
    document.addEventListener("htmx:afterRequest", done);
    window.htmx.trigger(control, name, { asked }); // not a click: that would make it the button the form is submitted with
  });
}

/** Save now, after what is being uploaded. Resolves to whether nothing is left to lose. */
export async function save() {
  clearTimeout(timer);
  while (uploading) {
    say("Still uploading");
    if (!(await uploading)) return false;
  }
  if (!isUnsaved()) return true;
  const [kept, xhr] = await keep(document.getElementById("save-draft"), "save");
  if (kept) failures = 0;
  else putOff(xhr);
  return kept;
}

// What the server refused for good is refused again, unless something is changed; everything else may pass.
function putOff(xhr) {
  const passes = xhr.status < 400 || xhr.status >= 500 || [401, 429].includes(xhr.status) || xhr.getResponseHeader("X-Stale-Token");
  if (!passes) return say("Not saved");
  const seconds = WAITS[Math.min(failures, WAITS.length - 1)];
  failures += 1;
  timer = setTimeout(save, seconds * 1000);
  say(`Not saved. Trying again in ${seconds} seconds.`);
}

function changed() {
  if (!compose() || !isUnsaved()) return;
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

// That a form was kept is no news, nor an address, for a page that shows something else by now.
function dropLate(event) {
  if (!event.target.isConnected && event.target.matches("#save-draft, #compose-files")) event.preventDefault();
}

function begin() {
  const form = compose();
  if (!form || "begun" in form.dataset) return;
  form.dataset.begun = "";
  leaving = false;
  uploading = null;
  failures = 0;
  form.elements.format.value = form.dataset.format;
  form.addEventListener("htmx:beforeOnLoad", dropLate);
  form.dispatchEvent(new CustomEvent("compose-begins", { bubbles: true }));
  saved = written(form);
  const missing = form.querySelector("[aria-invalid]") ?? (form.elements.to.value ? null : form.elements.to);
  if (!missing) return beginText(form);
  missing.focus();
  writeAhead(document);
}

// Sending
document.addEventListener("submit", (event) => {
  if (event.target.id !== "compose" || event.submitter?.hasAttribute("formaction")) return;
  if (leaving || uploading) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!leaving) sendLater(event.target);
    return;
  }
  clearTimeout(timer);
  leaving = true;
  hold(event.target);
}, true);

// What is written after it was sent would be lost.
function hold(form) {
  held = document.activeElement;
  held.blur(); // a frame keeps the keyboard otherwise
  for (const part of form.querySelectorAll(HELD)) part.inert = true;
  say("Sending…");
}

// Without an answer nobody here knows what became of it; the server does, and sends the same words once.
function release(form, answered) {
  for (const part of form.querySelectorAll(HELD)) part.inert = false;
  if (form.isConnected) say(answered ? "Not sent" : "Perhaps not sent. Press Send to find out");
  if (document.activeElement === document.body) held?.focus();
  held = null;
}

function sendLater(form) {
  say("Still uploading");
  uploading.then((kept) => { if (kept && form.isConnected) form.requestSubmit(document.getElementById("send")); });
}

// What is thrown away is kept first, so that it can be brought back as it was.
document.addEventListener("htmx:confirm", (event) => {
  const { elt, issueRequest } = event.detail;
  if (!elt.matches("[data-discard]")) return;
  event.preventDefault();
  save().then(() => {
    leaving = true;
    issueRequest(true);
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#compose")) {
    event.preventDefault();
    document.getElementById("send").click();
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful, xhr } = event.detail;
  if (successful || !elt.matches("#compose, [data-discard]")) return;
  leaving = false;
  if (elt.id === "compose") release(elt, xhr.status > 0);
});

// Attaching
document.addEventListener("change", (event) => {
  if (event.target.id === "compose-files") attach(event.target.files);
  else if (event.target.closest?.("#compose")) changed();
});

document.addEventListener("paste", (event) => {
  const files = event.target.closest?.("#compose") ? pastedFiles(event) : [];
  if (!files.length) return;
  event.preventDefault();
  attach(files);
});
document.addEventListener("files-pasted", (event) => attach(event.detail));

// One upload after the other: the field holds the files of one at a time.
function attach(files) {
  const held = new DataTransfer();
  for (const file of files) held.items.add(file);
  const size = [...files].reduce((sum, file) => sum + file.size, 0);
  if (size > Number(compose().dataset.maxBytes)) {
    showNotice("That is too large to attach.", "Attachments may be 25 MB in all. Share a link instead.");
    if (!uploading) document.getElementById("compose-files").value = "";
  } else if (files.length) {
    const mine = Promise.resolve(uploading).then(() => upload(held.files)).then((kept) => {
      if (uploading === mine) uploading = null;
      return kept;
    });
    uploading = mine;
  }
}

async function upload(files) {
  const input = document.getElementById("compose-files");
  if (!input) return false;
  input.files = files;
  const [kept] = await keep(input, "upload");
  input.value = ""; // what was uploaded lies in the draft now, what was refused must be chosen again
  if (!kept) say("Not attached");
  return kept;
}

function progress(value) {
  const bar = document.getElementById("upload");
  if (!bar) return;
  bar.hidden = value === null;
  bar.value = value ?? 0;
}

document.addEventListener("htmx:xhr:progress", (event) => {
  if (event.target.id === "compose-files" || (event.target.id === "compose" && leaving)) {
    progress(event.detail.lengthComputable ? (100 * event.detail.loaded) / event.detail.total : 0);
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.matches("#compose-files, #compose")) progress(null);
});

document.addEventListener("dragover", (event) => {
  if (!compose() || !event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  compose().classList.add("dropping");
});
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    compose()?.classList.remove("dropping");
    if (name !== "drop" || !compose() || !event.dataTransfer.files.length) return;
    event.preventDefault();
    attach(event.dataTransfer.files);
  });
}

// Leaving
document.addEventListener("htmx:confirm", (event) => {
  const { elt, target, issueRequest } = event.detail;
  if (!isUnsaved() || elt.matches(LEAVES_IT_THERE) || !target?.contains(compose())) return;
  event.preventDefault();
  save().then((kept) => { if (kept) issueRequest(true)?.catch(() => {}); });
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const elsewhere = event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!link || elsewhere || link.target || link.getAttribute("href").startsWith("#") || !isUnsaved()) return;
  event.preventDefault();
  save().then((kept) => { if (kept) window.location.assign(link.href); });
});

window.addEventListener("popstate", save, true);
document.addEventListener("visibilitychange", () => { if (document.hidden || failures) save(); });
window.addEventListener("online", save);
window.addEventListener("beforeunload", (event) => { if (isUnsaved()) event.preventDefault(); });

document.addEventListener("input", (event) => { if (event.target.closest?.("#compose")) changed(); });
for (const name of ["htmx:afterSettle", "htmx:historyRestore"]) document.addEventListener(name, begin);
begin();
