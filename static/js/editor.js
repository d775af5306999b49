// Writing with formatting. What is quoted there was written by strangers, so the editor is a frame of its own in
// which nothing can run: scripts, forms and navigation are off by the sandbox, loads by its document's policy, and
// what could still do harm is taken out of the parsed, inert copy before it gets there.
import { awaitForm, forgetAhead, writeAhead } from "./ahead.js";
import { pane } from "./panes.js";

const UNWANTED = "script, style, link, meta, base, iframe, frame, object, embed, form, input, button, select, textarea, svg, math, template";

const compose = () => document.getElementById("compose");
const frame = () => compose()?.querySelector("iframe") ?? null;

// Parsed under the frame's own policy: ours would take the colours out.
function inert(html, page) {
  const parsed = new page.defaultView.DOMParser().parseFromString(html, "text/html");
  for (const element of parsed.querySelectorAll(UNWANTED)) element.remove();
  for (const element of parsed.body.querySelectorAll("*")) {
    for (const { name } of [...element.attributes]) if (/^(on|hx-|data-|srcdoc)/i.test(name)) element.removeAttribute(name);
  }
  for (const image of parsed.querySelectorAll("img[src]")) if (isOurs(image.getAttribute("src"))) image.removeAttribute("src");
  return [...parsed.body.childNodes];
}

// An address of this app, which a picture in a stranger's message has no business asking for.
function isOurs(address) {
  try {
    return new URL(address, location.href).origin === location.origin;
  } catch {
    return true;
  }
}

function paragraphs(text, page) {
  return text.split("\n").map((line) => {
    const block = page.createElement("div");
    block.append(line ? line : page.createElement("br"));
    return block;
  });
}

function open(form, html) {
  const place = document.createElement("iframe");
  place.setAttribute("sandbox", "allow-same-origin");
  place.title = "Message, formatted";
  place.src = form.dataset.editor;
  place.addEventListener("load", () => fill(form, place, html), { once: true });
  form.elements.text.hidden = true;
  form.querySelector(".compose-body").append(place);
}

function fill(form, place, html) {
  const page = place.contentDocument;
  const body = page?.body;
  if (!body || !("editor" in body.dataset)) { // signed out or offline meanwhile: what is written stays here, as text
    place.remove();
    setFormat(form, "text");
    return writeAhead(document);
  }
  body.contentEditable = "true";
  body.setAttribute("role", "textbox");
  body.setAttribute("aria-multiline", "true");
  body.setAttribute("aria-label", "Message");
  body.append(...(html ? inert(html, page) : paragraphs(form.elements.text.value, page)).map((node) => page.adoptNode(node)));
  showPictures(form, body);
  page.execCommand("defaultParagraphSeparator", false, "div");
  // An observer of ours sees every change, also where a sandboxed frame's own events stay silent. Attributes aren't
  // writing: extensions set them.
  new MutationObserver(() => copyOut(form, body)).observe(body, { childList: true, characterData: true, subtree: true });
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.getElementById("leave-compose").click();
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    document.getElementById("send").click();
  });
  page.addEventListener("selectionchange", () => showFormat(page));
  page.addEventListener("paste", (event) => {
    const files = pastedFiles(event);
    if (!files.length) return;
    event.preventDefault(); // a picture in the text would be lost on most who read it
    form.dispatchEvent(new CustomEvent("files-pasted", { bubbles: true, detail: files }));
  });
  const focused = document.activeElement;
  if (![document.body, pane(), form.elements.text, document.getElementById("switch-format")].includes(focused)) return forgetAhead();
  body.focus();
  writeAhead(page);
}

/** Files on the clipboard, such as a screenshot; none where there are words, which pictures of them only accompany. */
export const pastedFiles = ({ clipboardData: { types, files } }) => (types.includes("text/plain") ? [] : [...files]);

/** The cursor before the first word. An editor that is still loading takes it as soon as it is there. */
export function beginText(form) {
  const { text } = form.elements;
  if (frame()) {
    pane().focus();
    awaitForm();
    return;
  }
  text.focus();
  text.setSelectionRange(0, 0);
  text.scrollTop = 0;
  writeAhead(document);
}

// With a mark before every quoted line, innermost quotes first. Only of what is laid out does a browser tell the lines.
function plainText(body) {
  const page = body.ownerDocument;
  const copy = page.createElement("div");
  copy.append(...body.cloneNode(true).childNodes);
  page.documentElement.append(copy);
  for (const quote of [...copy.querySelectorAll("blockquote")].reverse()) {
    const marked = page.createElement("div");
    marked.style.whiteSpace = "pre-wrap";
    marked.textContent = quote.innerText.trimEnd().split("\n").map((line) => `> ${line}`.trimEnd()).join("\n");
    quote.replaceWith(marked);
  }
  const text = copy.innerText;
  copy.remove();
  return text;
}

// The pictures of what is quoted come along as parts of the message; in here they are seen as copies of ours.
const copies = new Map(); // from a copy's address to what the message calls it

async function showPictures(form, body) {
  for (const image of body.querySelectorAll('img[src^="cid:"]')) {
    const name = image.getAttribute("src");
    const { src } = form.querySelector(`input[data-cid="${CSS.escape(name.slice(4))}"]`)?.dataset ?? {};
    const answer = src && (await fetch(src).catch(() => null));
    if (!answer?.ok || !image.isConnected) continue;
    const copy = URL.createObjectURL(await answer.blob());
    copies.set(copy, name);
    image.setAttribute("src", copy);
  }
}

function written(body) {
  return body.innerHTML.replace(/\bblob:[^"\s<>]+/g, (address) => copies.get(address) ?? address);
}

function copyOut(form, body) {
  form.elements.html.value = written(body);
  form.elements.text.value = body.innerText;
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

function setFormat(form, format, html) {
  form.elements.format.value = format;
  const formatted = format === "html";
  form.querySelector(".compose-format").hidden = !formatted;
  document.getElementById("switch-format").textContent = formatted ? "Plain text" : "Formatted";
  if (formatted) open(form, html);
  else {
    const body = frame()?.contentDocument.body;
    if (body) form.elements.text.value = plainText(body);
    frame()?.remove();
    form.elements.html.value = "";
    form.elements.text.hidden = false;
    form.elements.text.focus();
  }
}

function isQuoted(page) {
  const node = page.getSelection().anchorNode;
  return Boolean((node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.("blockquote"));
}

// The buttons say how the words at the cursor look.
function showFormat(page) {
  for (const button of document.querySelectorAll(".compose-format [aria-pressed]")) {
    const { command } = button.dataset;
    button.setAttribute("aria-pressed", String(command === "quote" ? isQuoted(page) : page.queryCommandState(command)));
  }
}

function addLink(page) {
  const field = document.getElementById("link-address");
  const address = /^(https?:|mailto:)/i.test(field.value) ? field.value : `https://${field.value}`;
  const link = page.createElement("a");
  [link.href, link.textContent] = [address, field.value];
  if (field.value && page.getSelection().isCollapsed) page.execCommand("insertHTML", false, link.outerHTML);
  else if (field.value) page.execCommand("createLink", false, address);
  document.getElementById("link-menu").hidePopover();
  frame().contentWindow.focus();
  field.value = "";
}

const COMMANDS = {
  quote: (page) => page.execCommand(isQuoted(page) ? "outdent" : "formatBlock", false, "blockquote"),
  createLink: addLink,
};

document.addEventListener("compose-begins", (event) => {
  const form = event.target;
  document.getElementById("switch-format").hidden = false;
  if (form.dataset.format === "html") setFormat(form, "html", form.elements.html.value);
});

// A button must not take the selection away from what it formats.
document.addEventListener("mousedown", (event) => { if (event.target.closest?.("[data-command]")) event.preventDefault(); });

document.addEventListener("click", (event) => {
  const form = compose();
  if (!form) return;
  if (event.target.closest("#switch-format")) {
    setFormat(form, form.elements.format.value === "html" ? "text" : "html", "");
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const command = event.target.closest("[data-command]")?.dataset.command;
  if (!command || !frame()) return;
  const page = frame().contentDocument;
  frame().contentWindow.focus();
  (COMMANDS[command] ?? ((one) => one.execCommand(command)))(page);
  showFormat(page);
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "link-address" || event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  document.querySelector("[data-command=createLink]").click();
});
