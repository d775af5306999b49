// The sidebar asks for news by itself, and for the first page of the list with it, so that both always say the same.
// It never takes anything out of somebody's hands.
import { isActing } from "./actions.js";
import { list } from "./panes.js";
import { count } from "./selection.js";

let changes = 0; // what people asked for so far
let asOf = 0; // how much of it the news on the way know
let owed = false; // the list was asked for; a request that takes the place of that one asks for it as well

function isListBusy() {
  const search = document.getElementById("search");
  return count() > 0 || search.value !== search.defaultValue || isActing() || list().hasAttribute("aria-busy") || list().querySelector(".htmx-request, :popover-open") !== null;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (elt.hasAttribute("data-quiet")) return; // changes nothing
  if (!elt.hasAttribute("data-poll")) changes += 1;
  else if (document.hidden || elt.querySelector(":popover-open")) event.preventDefault();
});

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.elt.hasAttribute("data-poll")) return;
  // Counts alone are old when the list has just come with the answer to something else.
  owed ||= detail.triggeringEvent?.type !== "counts-changed";
  if (owed && list()?.hasAttribute("data-live") && !isListBusy()) detail.parameters.list = "1";
  asOf = changes;
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.requestConfig.elt.hasAttribute("data-poll")) owed = false;
});

document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (detail.target.id !== "list") return;
  const fresh = detail.fragment.querySelector("#list");
  if (asOf !== changes || isListBusy() || fresh.dataset.url !== list().dataset.url) detail.shouldSwap = false;
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.body.dispatchEvent(new CustomEvent("tab-shown"));
});
