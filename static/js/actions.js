// What is done to messages is seen at once. The server is told one thing after the other, in the order it was done,
// and whatever it refuses is put back.
import { clearPane, isBeside, list, openRow, pane, rowOf, shownRows } from "./panes.js";
import { closePane } from "./places.js";
import * as selection from "./selection.js";

const PLACE = ["page", "q"]; // the list that is on the page is the one to answer with
const jobs = [];

export const isActing = () => jobs.length > 0;

const FLAGS = {
  star: (row) => setStar(row, true),
  unstar: (row) => setStar(row, false),
  read: (row) => row.classList.remove("unread"),
  unread: (row) => row.classList.add("unread"),
};

function setStar(row, on) {
  row.classList.toggle("flagged", on);
  row.querySelector(".row-star").setAttribute("aria-checked", String(on));
  const pair = pane()?.dataset.ref === row.dataset.ref && pane().querySelector(".star-pair");
  if (pair) pair.dataset.flagged = String(on);
}

// A star that was just flipped flips back, whatever the server knew when it drew it.
function pathOf(elt, path) {
  if (!elt.matches(".row-star")) return path;
  const starred = elt.closest(".row").classList.contains("flagged");
  return path.replace(/(un)?star$/, starred ? "unstar" : "star");
}

// A letter stays open, whatever becomes of the message it answers.
const openMessage = () => (document.getElementById("compose") ? null : openRow());

/** Show what these rows will be like; returns how to take that back. */
function foresee(verb, leaves, rows) {
  if (!leaves) {
    const before = rows.map((row) => [row, row.classList.contains("flagged"), row.classList.contains("unread")]);
    for (const row of rows) FLAGS[verb]?.(row);
    return () => {
      for (const [row, flagged, unread] of before) {
        if (row.querySelector(".row-star")) setStar(row, flagged);
        row.classList.toggle("unread", unread);
      }
    };
  }
  const open = openMessage();
  const next = rows.includes(open) ? neighbour(open, rows) : null;
  for (const row of rows) row.hidden = true;
  if (rows.includes(open)) leaveMessage(next);
  document.dispatchEvent(new CustomEvent("rows-left"));
  return () => { for (const row of rows) row.hidden = false; };
}

// The next older message that stays, else the next newer one.
function neighbour(row, leaving) {
  const all = shownRows();
  const at = all.indexOf(row);
  return [...all.slice(at + 1), ...all.slice(0, at).reverse()].find((one) => !leaving.includes(one)) ?? null;
}

function leaveMessage(next) {
  if (!isBeside() || !next) {
    closePane();
    return;
  }
  // Not under its old address any more: what was there is gone, so Back has nothing to do there.
  const link = next.querySelector(".row-link");
  clearPane();
  window.htmx.ajax("get", link.getAttribute("href"), { source: link, target: "#pane", swap: "outerHTML", push: "false", replace: "true" }).catch(() => {});
}

// A message that is open without a row in the list, such as one on another page, leaves too.
function leaveRowless(leaves, refs, rows) {
  if (leaves && !rows.length && refs.includes(pane()?.dataset.ref)) leaveMessage(null);
}

function add(elt, path) {
  const undo = elt.matches("form");
  const form = undo ? elt : elt.form;
  const values = new FormData(form, undo ? null : elt);
  const refs = values.getAll("ref");
  if (!undo) for (const name of PLACE) values.set(name, document.getElementById("list-form").elements[name].value);
  const rows = undo ? [] : refs.map(rowOf).filter(Boolean);
  const verb = elt.dataset.verb ?? path.split("/").pop();
  const job = { path, values, where: undo ? elt.dataset.list : list().dataset.url };
  if (undo) {
    const toast = elt.closest(".toast");
    toast.hidden = true;
    job.done = () => toast.remove();
    job.back = () => { toast.hidden = false; };
  } else {
    if (elt.closest("#list-form")) selection.clear();
    job.back = foresee(verb, "leaves" in elt.dataset, rows);
    leaveRowless("leaves" in elt.dataset, refs, rows);
    if ("closes" in elt.dataset && (rows.includes(openMessage()) || refs.includes(pane()?.dataset.ref))) closePane();
  }
  if (jobs.push(job) === 1) run();
}

function run() {
  const [job] = jobs;
  const event = new CustomEvent("act", { detail: job });
  window.htmx.ajax("post", job.path, { source: document.body, event, target: "#list", swap: "outerHTML", values: job.values })
    .catch(() => {})
    .finally(() => {
      jobs.shift();
      if (!job.successful) job.back();
      else job.done?.();
      if (jobs.length) return run();
      document.dispatchEvent(new CustomEvent("acted"));
      if (job.elsewhere) document.body.dispatchEvent(new CustomEvent("mail-changed"));
    });
}

const jobOf = (detail) => jobs.find((job) => job === detail.requestConfig?.triggeringEvent?.detail);

document.addEventListener("htmx:confirm", (event) => {
  const { elt, path, verb } = event.detail;
  if (verb !== "post" || !list() || !elt.matches("[data-verb], .row-star, form[data-list]")) return;
  event.preventDefault();
  add(elt, pathOf(elt, path));
});

// A list that answers while more is on its way, or for a place where nobody is any more, would undo what is seen.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const job = detail.xhr.status < 400 && jobOf(detail);
  if (!job) return;
  job.elsewhere = list()?.dataset.url !== job.where;
  if (jobs.length > 1 || job.elsewhere) detail.target = document.createElement("div"); // only the words beside it are taken
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const job = jobOf(detail);
  if (job) job.successful = detail.successful;
});
