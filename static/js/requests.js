// Every request htmx makes: its CSRF header, where its answer belongs by the time it comes, and what happens when
// the answer isn't the one it wanted.
import { clearNotice, showNotice } from "./notice.js";
import { show } from "./toasts.js";

const PLACE = /^\s*<\w+ id="/; // a fragment of ours, such as a form that comes back with its errors
const WHOLE_PAGE = /^\s*<!doctype/i;
const REPLACED = ["pane", "list"]; // what an answer may find replaced by a newer one of the same name

// Nobody asked for it with a click. What asked may have been replaced by its own answer: htmx tells another element then.
const isQuiet = ({ requestConfig }) => requestConfig.elt.matches("[data-poll], [data-quiet]");

let asked = null; // who last asked for the pane, or for a whole page

/** What the pane was asked to show isn't wanted any more. A form that is on its way is heard, but not shown. */
export function forgetPane() {
  const earlier = asked;
  asked = null;
  if (earlier?.requestConfig.verb === "get") earlier.xhr.abort();
}

// The element a request was made for may be gone by the time its answer is there. htmx reads the target after the
// request has changed its state for the last time.
function follow(detail) {
  const { id } = detail.target;
  if (!REPLACED.includes(id)) return;
  detail.xhr.addEventListener("readystatechange", () => {
    if (detail.xhr.readyState === XMLHttpRequest.DONE) detail.target = document.getElementById(id) ?? detail.target;
  });
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector('meta[name="csrf-token"]').content;
  // Whatever replaces the whole body, such as the page an answer points to, must be a whole page.
  if (event.detail.target === document.body) event.detail.headers["HX-Boosted"] = "true";
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  follow(detail);
  if (detail.target.id !== "pane" && detail.target !== document.body) return;
  forgetPane();
  asked = detail;
});

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, etc } = event.detail;
  if (xhr.status < 400) return;
  etc.push = etc.replace = "false"; // the page stays, so its address stays
  // A sign-in page in place of half a letter would lose the letter.
  if (xhr.status === 401 && document.getElementById("compose")) {
    event.preventDefault();
    showNotice("You're signed out.", "Your text is still here. Sign in again in another tab, then go on.");
  }
});

// A form whose sender looks at something else by now: what became of it is said all the same.
function hear({ xhr, serverResponse }) {
  if (xhr.status >= 400) {
    showNotice("Not sent.", "Your message couldn't be sent. It waits in Drafts.");
    return;
  }
  const words = new DOMParser().parseFromString(serverResponse, "text/html").getElementById("toasts");
  if (words) show(words.children);
  document.body.dispatchEvent(new CustomEvent("mail-changed"));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event;
  const { xhr, target } = detail;
  if (target.id === "pane" && xhr !== asked?.xhr) {
    detail.shouldSwap = false; // the last one asked is the one shown
    hear(detail);
  } else if (WHOLE_PAGE.test(detail.serverResponse) && target !== document.body) {
    detail.shouldSwap = false;
    if (xhr.status < 400) window.location.assign(xhr.responseURL);
    else showNotice("That didn't work.", "Try again in a moment.");
  } else if (xhr.status >= 400 && detail.requestConfig.elt.hasAttribute("data-quiet")) {
    detail.shouldSwap = false;
  } else if (xhr.status >= 400 && PLACE.test(detail.serverResponse)) {
    clearNotice(); // what comes says by itself what is wrong
  } else if (xhr.status >= 400) {
    detail.shouldSwap = false;
    showNotice("That didn't work.", "Nothing was changed on this page. Try again in a moment.");
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && !isQuiet(event.detail)) clearNotice();
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!isQuiet(event.detail)) showNotice("Postroom can't be reached.", "Check the connection and try again: nothing on this page is lost.");
  });
}
