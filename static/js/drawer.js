// The sidebar on a phone, the help sheet, and links that look and act like buttons.

const drawer = () => document.getElementById("drawer");

export const isOpen = () => drawer()?.classList.contains("open") ?? false;

export function close() {
  drawer().classList.remove("open");
  if (location.hash === "#drawer") history.replaceState(history.state, "", location.pathname + location.search);
  document.getElementById("open-drawer").focus();
}

function open() {
  drawer().classList.add("open");
  document.getElementById("close-drawer").focus();
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.closest("#open-drawer")) {
    event.preventDefault();
    open();
  } else if (target.closest(".drawer-close, .drawer-shade")) {
    event.preventDefault();
    close();
  } else if (target.closest("[data-opens]")) {
    document.getElementById(target.closest("[data-opens]").dataset.opens).showModal();
  } else if (target.id === "help") {
    target.close(); // a click beside the sheet lands on the dialog itself
  } else if (isOpen() && target.closest("#sidebar a")) {
    drawer().classList.remove("open");
  }
});
