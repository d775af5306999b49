// The print dialog opens by itself once everything is there.
document.documentElement.classList.add("js");
document.getElementById("print").addEventListener("click", () => window.print());
window.addEventListener("load", () => window.print());
