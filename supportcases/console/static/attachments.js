// The files of a message: chosen, dropped or pasted, each sent at once, and told to the form by its id.
const box = document.querySelector("[data-files]"), form = box.closest("form"), list = box.querySelector("ul");
const { files: at, most, largest, draft } = box.dataset, says = box.dataset;
const input = box.querySelector("[type=file]"), told = box.querySelector("[data-told]"), row = box.querySelector("template");
const PICTURE = /^image\/(png|jpeg|gif|webp)$/, MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;
const KEPT = `files:${draft}`, A_DAY = 23 * 3_600_000; // files that are in no message go after 24 hours
const JSONS = { "Content-Type": "application/json", Accept: "application/json" };

const entries = new Set(); // {item, name, size} and, while it is known: file, id, at, url, sends, problem
let pressed = null; // {button}, while files are still on their way

box.querySelector(".attach, .sc-attach").hidden = false;
box.querySelector("[data-nojs]").hidden = true;

const storeNow = () => form.elements.store?.value.trim() ?? (says.store || undefined);
const part = (entry, name) => entry.item.querySelector(name);
const tell = (text) => { told.textContent = text; };

function sizeOf(size) {
  const kilobytes = size && Math.max(1, Math.round(size / 1000));
  return kilobytes < 10_000 ? `${kilobytes} kB` : `${Math.round(kilobytes / 1000)} MB`;
}

function enter(entry) {
  entries.add(entry);
  part(entry, "[data-remove]").addEventListener("click", () => remove(entry));
  part(entry, "[data-retry]").addEventListener("click", () => send(entry));
  return entry;
}

function newRow(name, size) {
  const item = row.content.firstElementChild.cloneNode(true);
  for (const each of item.querySelectorAll("[data-name]")) each.textContent = name;
  item.querySelector("[data-size]").textContent = sizeOf(size);
  item.querySelector("progress").ariaLabel = name;
  list.append(item);
  return item;
}

function remove(entry) {
  const rows = [...list.children], beside = rows[rows.indexOf(entry.item) + 1] ?? rows[rows.indexOf(entry.item) - 1];
  entries.delete(entry);
  entry.stop?.();
  entry.item.remove();
  tell("");
  (beside?.querySelector("[data-remove]") ?? input).focus();
  changed();
}

// what the browser keeps with the draft of the text
function keep() {
  if (!draft) return;
  const there = [...entries].filter(({ id }) => id).map(({ id, name, size, at }) => ({ id, name, size, at }));
  try { there.length ? localStorage.setItem(KEPT, JSON.stringify(there)) : localStorage.removeItem(KEPT); } catch { /* it keeps nothing */ }
}

function before() {
  try { return JSON.parse(localStorage.getItem(KEPT)) ?? []; } catch { return []; }
}

function changed() {
  keep();
  const all = [...entries];
  if (!pressed || all.some(({ sends }) => sends)) return;
  const { button } = pressed;
  pressed = null;
  tell("");
  form.requestSubmit(button);
}

function fail(entry, problem, again = true) {
  Object.assign(entry, { sends: false, problem });
  part(entry, "progress").hidden = true;
  part(entry, "[data-problem]").textContent = problem;
  part(entry, "[data-retry]").hidden = !again;
  changed();
}

function arrived(entry, id) {
  Object.assign(entry, { sends: false, id, at: Date.now() });
  part(entry, "progress").hidden = true;
  Object.assign(part(entry, "[name=attachments]"), { value: id, disabled: false });
  if (!pressed) tell(`${entry.name}: ${says.done}`);
  changed();
}

async function announce(entry) {
  const { name, size, type } = entry.file, contentType = MEDIA_TYPE.test(type) ? type : "application/octet-stream";
  const body = JSON.stringify({ name, contentType, size, store: entry.store });
  const stop = new AbortController();
  entry.stop = () => stop.abort();
  const answer = await fetch(at, { method: "POST", headers: JSONS, body, redirect: "manual", signal: stop.signal }).catch(() => null);
  if (!answer) return says.lost;
  if (answer.type === "opaqueredirect") return says.signedOut;
  const upload = await answer.json().catch(() => ({}));
  if (answer.status !== 201) return upload.error ?? says.failed;
  entry.upload = upload;
}

function put(entry) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    entry.stop = () => request.abort();
    request.open("PUT", entry.upload.uploadUrl);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => { part(entry, "progress").value = (100 * loaded) / total; });
    request.addEventListener("loadend", () => {
      if (request.status === 200) return done();
      if (request.status) entry.upload = null; // what was announced is of no more use
      done(request.status ? request.response?.error ?? says.failed : says.lost);
    });
    request.send(entry.file);
  });
}

async function send(entry) {
  const store = storeNow(), attempt = {};
  if (entry.store !== store) entry.upload = null;
  Object.assign(entry, { store, attempt, sends: true, problem: null, id: null });
  if (store === "") return fail(entry, says.forNoStore);
  Object.assign(part(entry, "progress"), { hidden: false, value: 0 });
  part(entry, "[data-problem]").textContent = "";
  part(entry, "[data-retry]").hidden = true;
  const isOver = () => entry.attempt !== attempt || !entries.has(entry);
  let problem = entry.upload ? null : await announce(entry);
  if (!problem && !isOver()) problem = await put(entry);
  if (isOver()) return;
  problem ? fail(entry, problem) : arrived(entry, entry.upload.id);
}

async function preview(entry) {
  if (!PICTURE.test(entry.file.type)) return;
  const picture = await createImageBitmap(entry.file).catch(() => null); // drawn: the policy lets no `blob:` in
  if (!picture) return;
  const canvas = part(entry, "canvas"), scale = Math.max(canvas.width / picture.width, canvas.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  canvas.getContext("2d").drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  canvas.hidden = false;
  picture.close();
}

function add(files) {
  tell("");
  for (const file of files) {
    if (entries.size >= most) { tell(says.tooMany); return; }
    const entry = enter({ item: newRow(file.name, file.size), file, name: file.name, size: file.size });
    if (!file.size) { fail(entry, says.empty, false); continue; }
    if (file.size > largest) { fail(entry, says.tooLarge, false); continue; }
    preview(entry);
    send(entry);
  }
}

input.addEventListener("change", () => { add(input.files); input.value = ""; });
form.addEventListener("paste", (event) => {
  const { files, types } = event.clipboardData;
  if (!files.length || types.includes("text/plain")) return; // of a table one wants the words, and not its picture
  event.preventDefault();
  add(files);
});

// dropped anywhere: a browser would leave the page, and the text with it
const brings = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => { if (brings(event)) { event.preventDefault(); form.classList.add("drops"); } });
document.addEventListener("dragleave", ({ relatedTarget }) => { if (!relatedTarget) form.classList.remove("drops"); });
document.addEventListener("drop", (event) => {
  form.classList.remove("drops");
  if (!brings(event)) return;
  event.preventDefault();
  add(event.dataTransfer.files);
});

// a file is of a store: of another one it is sent anew
form.elements.store?.addEventListener("change", () => {
  for (const entry of [...entries]) {
    if (entry.store === storeNow()) continue;
    entry.stop?.();
    Object.assign(part(entry, "[name=attachments]"), { value: "", disabled: true });
    if (entry.file && entry.size && entry.size <= largest) send(entry);
    else if (!entry.file) remove(entry);
  }
});

// sending waits for the files, and stops where one of them has not come; before anybody else hears of it
form.addEventListener("submit", (event) => {
  const all = [...entries], faulty = all.find(({ problem }) => problem), waits = all.some(({ sends }) => sends);
  if (!faulty && !waits) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  pressed = faulty ? null : { button: event.submitter };
  tell(faulty ? says.stopped : says.waits);
  if (faulty) part(faulty, faulty.file && !part(faulty, "[data-retry]").hidden ? "[data-retry]" : "[data-remove]").focus();
}, true);

for (const item of list.children) {
  const name = item.querySelector("[data-name]").textContent;
  enter({ item, name, size: 0, id: item.querySelector("[name=attachments]").value, at: Date.now(), store: storeNow() });
}
if (says.refused) keep(); // what is there is what can still be sent
else if (draft) for (const { id, name, size, at } of before()) {
  if (Date.now() - at > A_DAY) continue;
  const entry = enter({ item: newRow(name, size), name, size, id, at, store: storeNow() });
  Object.assign(part(entry, "[name=attachments]"), { value: id, disabled: false });
}
