// The sidebar on a phone, the help sheet, and links that look and act like buttons.

const drawer = () => document.getElementById("drawer");

export const isOpen = () => drawer()?.classList.contains("open") ?? false;

export function hide() {
  drawer().classList.remove("open");
  document.getElementById("open-drawer").focus();
}

/** The step back that the phone's own Back takes, too. */
export const close = () => history.back();

function open() {
  history.pushState(history.state, "");
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
