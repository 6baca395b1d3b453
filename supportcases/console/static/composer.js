// The composer of a case: drafts that this browser keeps until they are sent, texts to insert, and sending.
const composer = $("#composer"), body = $("#body"), tell = $("#draft");
const draft = `draft:${composer.dataset.draft}`, draftKind = `kind:${composer.dataset.draft}`, sending = `sending:${composer.dataset.draft}`;
const note = $("[value=note]", composer), revision = Number(composer.elements.revision.value);

const next = $("#next");
$("#next-label").hidden = false;
next.checked = kept.get("next") === "yes";
next.addEventListener("change", () => kept.set("next", next.checked ? "yes" : ""));

// where one went on to the next case, and the one before was sent
const sent = tab.get("sent");
tab.set("sent", "");
if (sent) {
  $("#sent").hidden = false;
  $("#sent a").href = sent;
}

// it was sent where the case has moved on since; whoever comes back from a page that could not be reached has it still
const [arrival] = performance.getEntriesByType("navigation"), sentAt = Number(tab.get(sending));
tab.set(sending, "");
if (sentAt && revision > sentAt && location.hash === "#last" && arrival.type !== "back_forward") {
  kept.set(draft, "");
  kept.set(`files:${composer.dataset.draft}`, ""); // of `attachments.js`
  if (next.checked && caseBeside(1)) {
    tab.set("sent", location.href);
    location.replace(caseBeside(1));
  }
}
if (!body.value && kept.get(draft)) {
  body.value = kept.get(draft);
  $(`[value=${kept.get(draftKind) || "answer"}]`, composer).checked = true;
  tell.textContent = tell.dataset.before;
}
if ($("#moved")) $("#last").scrollIntoView({ block: "end" });

let timer;
function keep() {
  const text = body.value.trim() ? body.value : "";
  kept.set(draft, text);
  kept.set(draftKind, text && note.checked ? "note" : "");
  tell.textContent = text ? tell.dataset.kept : "";
}
body.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 300); });
addEventListener("pagehide", () => { if (body.value.trim() && !tab.get(sending)) keep(); });
composer.addEventListener("change", ({ target }) => { if (target.name === "kind") keep(); });

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
  tab.set(sending, revision);
});
