// Runs before the page is drawn. Marks that scripts work, and takes our own copy of htmx when the CDN
// refuses, sends something that doesn't match its hash, or lets people wait.
(() => {
  const ours = document.currentScript.dataset.htmx;
  const PATIENCE = 3000;
  let asked = false;

  function loadOurs() {
    if (asked || window.htmx) return;
    asked = true;
    const script = document.createElement("script");
    script.src = ours;
    document.head.append(script);
  }

  document.documentElement.classList.add("js");
  window.addEventListener("error", (event) => {
    if (event.target instanceof HTMLScriptElement && event.target.src.includes("htmx")) loadOurs();
  }, true);
  setTimeout(loadOurs, PATIENCE);
})();
