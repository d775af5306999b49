// What buttons do everywhere. A link that is called a button answers to Space, as a button does; and what is shown only
// once can be copied with one.

document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.('a[role="button"]');
  if (event.key !== " " || !link || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault(); // Space would scroll
  if (!event.repeat) link.click();
});

function offerCopy(secret) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button copy";
  button.textContent = "Copy";
  const said = document.createElement("span");
  said.className = "hint";
  said.role = "status";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(secret.textContent.trim());
      said.textContent = "Copied.";
    } catch {
      said.textContent = "The browser didn't let us copy it: select it and copy it yourself.";
    }
  });
  const line = document.createElement("p");
  line.className = "actions";
  line.append(button, said);
  secret.after(line);
}

// Browsers give a clipboard to pages that came over a safe way only.
if (navigator.clipboard) document.querySelectorAll(".secret").forEach(offerCopy);
