// The sidebar and the first page of the list ask for news by themselves. They never do it under somebody's hands.
import { count } from "./selection.js";

function isBusy(place) {
  if (document.hidden || place.querySelector(":popover-open")) return true;
  if (place.id !== "list") return false;
  const search = document.getElementById("search");
  return count() > 0 || search.value !== search.defaultValue || document.querySelector("#list .htmx-request") !== null;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (elt.hasAttribute("data-poll") && isBusy(elt)) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.body.dispatchEvent(new CustomEvent("tab-shown"));
});
