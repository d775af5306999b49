// An HTML message is a document of its own, and keys pressed in it never come here. After a click in it the keyboard
// goes back to the pane, and to the frame again for whoever wants to copy, or scroll with the keys.
import { pane } from "./panes.js";

const CLICK = 250; // milliseconds a click or the second one of a double click may take
const INTO_THE_FRAME = ["Control", "Meta", "PageDown", "PageUp", " "];
let wanted = false; // the frame has the keyboard because somebody wants it to
let timer = 0;

const frame = () => pane()?.querySelector("iframe.message-frame");
const hasKeyboard = () => frame() !== null && document.activeElement === frame();

function takeBack() {
  clearTimeout(timer);
  if (hasKeyboard()) pane().focus({ preventScroll: true });
}

window.addEventListener("blur", () => {
  if (!hasKeyboard() || wanted) return;
  timer = setTimeout(takeBack, CLICK);
});

// The pointer is only seen here once it has left the frame.
document.addEventListener("pointermove", () => {
  wanted = false;
  takeBack();
}, { passive: true });

document.addEventListener("pointerdown", () => { wanted = false; });

document.addEventListener("keydown", ({ key, target }) => {
  wanted = key === "Tab";
  if (!frame() || !INTO_THE_FRAME.includes(key) || target !== pane() || !getSelection().isCollapsed) return;
  wanted = true;
  frame().focus();
});
