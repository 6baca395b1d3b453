// Everything here is a convenience: without it each link and form works by itself.
const pages = document.querySelector(".supportcases");

// times, in the reader's language and time zone: how long ago, and exactly where the pointer rests
const ago = new Intl.RelativeTimeFormat(pages.lang, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(pages.lang, { dateStyle: "full", timeStyle: "short" });
const short = new Intl.DateTimeFormat(pages.lang, { dateStyle: "medium", timeStyle: "short" });
const UNITS = [["minute", 60, 3600], ["hour", 3600, 86400], ["day", 86400, 604800]];

for (const time of pages.querySelectorAll("time")) {
  const at = new Date(time.dateTime), past = (Date.now() - at) / 1000;
  const [unit, length] = UNITS.find(([, , end]) => past < end) ?? [];
  time.title = exact.format(at);
  if (past < 60) time.textContent = ago.format(0, "second");
  else time.textContent = unit ? ago.format(-Math.round(past / length), unit) : short.format(at);
}

// whoever presses twice has meant it once; a page that comes back from the browser's memory may be sent again
const sent = new WeakSet();
addEventListener("pageshow", ({ persisted }) => { if (persisted) for (const form of pages.querySelectorAll("form")) sent.delete(form); });
for (const form of pages.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => { sent.has(form) ? event.preventDefault() : sent.add(form); });
}
