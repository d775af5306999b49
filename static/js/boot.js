// Runs before the page is drawn. Marks that scripts work, takes our own copy of htmx when the CDN refuses, sends
// something that doesn't match its hash, or lets people wait, and sees to it that htmx starts whenever it comes.
(() => {
  const ours = document.currentScript.dataset.htmx;
  const PATIENCE = 3000;
  const isHtmx = (element) => element instanceof HTMLScriptElement && element.src.includes("htmx");
  let asked = false;
  let parsed = false;
  let started = null;

  function loadOurs() {
    if (asked || window.htmx) return;
    asked = true;
    const script = document.createElement("script");
    script.src = ours;
    document.head.append(script);
  }

  document.documentElement.classList.add("js");
  document.addEventListener("DOMContentLoaded", () => { parsed = true; }, { once: true });
  document.addEventListener("error", (event) => {
    if (isHtmx(event.target)) loadOurs();
  }, true);
  document.addEventListener("load", (event) => {
    if (!isHtmx(event.target)) return;
    if (started) {
      window.htmx = started; // the CDN's copy, later than people would wait: one of them is enough
      return;
    }
    started = window.htmx;
    // Between the end of parsing and the end of loading, htmx waits for an event that has been.
    if (parsed && document.readyState !== "complete") document.dispatchEvent(new Event("DOMContentLoaded"));
  }, true);
  setTimeout(loadOurs, PATIENCE);
})();
