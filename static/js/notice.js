// The line above the list that says what went wrong.

export function showNotice(heading, text) {
  const place = document.getElementById("notice");
  if (!place) return;
  const words = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = heading;
  words.append(strong, " ", text);
  const box = document.createElement("div");
  box.className = "notice notice-error";
  box.append(words);
  place.replaceChildren(box);
}

export function clearNotice() {
  document.getElementById("notice")?.replaceChildren();
}

document.addEventListener("click", (event) => {
  if (event.target.closest('[data-dismiss="notice"]')) clearNotice();
});
