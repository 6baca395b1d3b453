// The composer of a case: drafts that this browser keeps until they are sent, texts to insert, and sending.
const composer = $("#composer"), body = $("#body"), tell = $("#draft");
const draft = `draft:${composer.dataset.draft}`, sending = `sending:${composer.dataset.draft}`;

const next = $("#next");
$("#next-label").hidden = false;
next.checked = kept.get("next") === "yes";
next.addEventListener("change", () => kept.set("next", next.checked ? "yes" : ""));

function goOn() {
  let rows = [];
  try { rows = JSON.parse(sessionStorage.getItem("queue")) || []; } catch { /* it keeps nothing */ }
  const following = rows[rows.indexOf(location.pathname) + 1];
  if (rows.includes(location.pathname) && following) location.replace(following);
}

if (kept.get(sending) && location.hash === "#last") { // it was sent
  kept.set(draft, "");
  if (next.checked) goOn();
}
kept.set(sending, "");
if (!body.value && kept.get(draft)) {
  body.value = kept.get(draft);
  tell.textContent = tell.dataset.before;
}
if ($("#moved")) $("#last").scrollIntoView({ block: "end" });

let timer;
function keep() {
  const text = body.value.trim() ? body.value : "";
  kept.set(draft, text);
  tell.textContent = text ? tell.dataset.kept : "";
}
body.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 300); });
addEventListener("pagehide", () => { if (body.value.trim() && !kept.get(sending)) keep(); });

body.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) composer.requestSubmit($(".primary", composer));
  if (event.key === "Escape") body.blur();
});

$("#canned")?.addEventListener("change", ({ target }) => {
  const text = target.value;
  target.value = "";
  body.focus();
  if (!document.execCommand("insertText", false, text)) body.setRangeText(text, body.selectionStart, body.selectionEnd, "end"); // the first can be undone
  keep();
});

composer.addEventListener("submit", (event) => {
  if (!navigator.onLine) { event.preventDefault(); showOffline(); return; }
  keep();
  kept.set(sending, "yes");
});
