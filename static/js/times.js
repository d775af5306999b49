// The server writes every time in UTC; the reader's own clock says it in their zone, in the same few letters.
const DAY = 86_400_000;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const inFull = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });

function short(at, now) {
  if (at.toDateString() === now.toDateString()) return clock.format(at);
  if (at < now && now - at < 6 * DAY) return weekday.format(at);
  return (at.getFullYear() === now.getFullYear() ? day : dayAndYear).format(at);
}

function localise(root) {
  const now = new Date();
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.dataset.local = "";
    const brief = time.closest(".row, [data-brief]") !== null;
    time.textContent = brief ? short(at, now) : inFull.format(at);
    if (brief && time.title) time.title = inFull.format(at);
  }
}

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.detail.elt));
