// Runs before the page is drawn. Marks that scripts work, and gets htmx: from the CDN, or our own copy when the CDN
// refuses, sends something that doesn't match its hash, or lets people wait. Neither holds the page up.
(() => {
  const { htmx: ours, cdn, integrity } = document.currentScript.dataset;
  const PATIENCE = 3000;
  let chosen = "";
  let parsed = false;

  function load(url) {
    if (chosen === ours) return;
    chosen = url;
    const script = document.createElement("script");
    if (url === cdn) [script.crossOrigin, script.integrity] = ["anonymous", integrity];
    script.onload = start;
    script.onerror = () => load(ours);
    script.src = url;
    document.head.append(script);
  }

  // Between the end of parsing and the end of loading, htmx waits for an event that has been.
  function start() {
    if (parsed && document.readyState !== "complete") document.dispatchEvent(new Event("DOMContentLoaded"));
  }

  // A page counts as loading while a script is on its way, however long that takes; not while one is fetched in advance.
  function fetchFirst() {
    const link = document.createElement("link");
    [link.rel, link.as, link.crossOrigin, link.integrity] = ["preload", "script", "anonymous", integrity];
    link.onload = () => { if (!chosen) load(cdn); };
    link.onerror = () => load(ours);
    link.href = cdn;
    document.head.append(link);
    setTimeout(() => { if (!chosen) load(ours); }, PATIENCE);
  }

  document.documentElement.classList.add("js");
  document.addEventListener("DOMContentLoaded", () => { parsed = true; }, { once: true });
  if (cdn) fetchFirst();
})();
