// Long work is done in steps, each a form; with a script nobody has to press its button.
document.documentElement.classList.add("js");
document.querySelector("form[data-goes-on]").requestSubmit();
