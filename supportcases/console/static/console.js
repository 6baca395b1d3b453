// Everything here is a convenience: without it each link and form works by itself.
const $ = (selector, at = document) => at.querySelector(selector);
const $$ = (selector, at = document) => [...at.querySelectorAll(selector)];

// what this browser keeps, if it keeps anything, and what this tab does
const keeper = (storage) => ({
  get(name) { try { return storage().getItem(name) ?? ""; } catch { return ""; } },
  set(name, value) { try { value ? storage().setItem(name, value) : storage().removeItem(name); } catch { /* it keeps nothing */ } },
});
const kept = keeper(() => localStorage), tab = keeper(() => sessionStorage);
const read = (text, otherwise) => { try { return JSON.parse(text) || otherwise; } catch { return otherwise; } };

document.documentElement.classList.add("js");
for (const element of $$("#help-button, #canned")) element.hidden = false;

// times, in the reader's language and time zone: how long ago, and exactly where the pointer rests
const ago = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(navigator.language, { dateStyle: "full", timeStyle: "short" });
const day = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" });
const UNITS = [["minute", 60, 3600], ["hour", 3600, 86400], ["day", 86400, 604800]];

function showTimes() {
  for (const time of $$("time")) {
    const at = new Date(time.dateTime), past = (Date.now() - at) / 1000;
    const unit = UNITS.find(([, , end]) => past < end);
    time.title = exact.format(at);
    if (past < 60) time.textContent = ago.format(0, "second");
    else time.textContent = unit ? ago.format(-Math.round(past / unit[1]), unit[0]) : day.format(at);
  }
}

// what is new since I last looked, in words too: never opened, or moved since
function showNew() {
  const { opened, moved, since } = $(".queue")?.dataset ?? {};
  for (const row of $$(".queue li")) {
    const seen = kept.get(`seen:${row.dataset.ref}`);
    row.classList.toggle("new", seen < row.dataset.seen);
    $(".news", row)?.remove();
    if (seen >= row.dataset.seen) continue;
    const news = Object.assign(document.createElement("bdi"), { className: "news", textContent: seen ? moved : opened });
    news.append(Object.assign(document.createElement("span"), { className: "sr", textContent: ` ${since} ` }));
    $(".what a", row).prepend(news);
  }
  const thread = $(".thread");
  if (thread) kept.set(`seen:${thread.dataset.ref}`, thread.dataset.seen);
}

showTimes();
showNew();
setInterval(showTimes, 30_000);

// views of one's own: a name for a query string, kept in this browser
const saved = $("#saved"), save = $("#save");

const views = () => read(kept.get("views"), []);

function showViews() {
  const items = views().map(({ name, query }) => {
    const link = Object.assign(document.createElement("a"), { href: saved.dataset.root + query });
    link.append(Object.assign(document.createElement("span"), { textContent: name }));
    if (query === location.search) link.ariaCurrent = "page";
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "plain", textContent: "×" });
    remove.ariaLabel = `${saved.dataset.remove} ${name}`;
    remove.addEventListener("click", () => keepViews(views().filter((view) => view.name !== name)));
    const item = document.createElement("li");
    item.append(link, remove);
    return item;
  });
  $("ul", saved).replaceChildren(...items);
  saved.hidden = !items.length;
}

function keepViews(all) {
  kept.set("views", all.length ? JSON.stringify(all) : "");
  showViews();
}

if (saved) showViews();
if (save) {
  save.hidden = !location.search;
  $("form", save).addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("#view-name").value.trim();
    if (name) keepViews([...views().filter((view) => view.name !== name), { name, query: location.search }]);
    save.open = false;
  });
}

// the queue that one comes from, and its cases: to go back to it, and from case to case
const queue = () => read(tab.get("queue"), { at: "", cases: [] });

const pathOf = (href) => href.split(/[?#]/)[0]; // what a search found has its words, and the place of it, behind that
const placeOf = (path, cases) => cases.findIndex((href) => pathOf(href) === path);

function caseBeside(by) {
  const { cases } = queue(), here = placeOf(location.pathname, cases);
  return here < 0 ? undefined : cases[here + by];
}

function keepQueue() {
  if (!$("#queue")) return;
  const cases = $$(".queue .what a").map((link) => link.getAttribute("href"));
  tab.set("queue", JSON.stringify({ at: location.pathname + location.search, cases }));
}

function showWhereOneWas(path) {
  const { cases } = queue(), was = placeOf(path, cases);
  if (was < 0 || !$("#queue")) return;
  cases.slice(was).map((href) => $$(".queue .what a").find((link) => link.pathname === pathOf(href))).find(Boolean)?.focus();
}

const place = read(tab.get("place"), {}); // that which a form on this page has kept
tab.set("place", "");
showWhereOneWas(place.row || (document.referrer && new URL(document.referrer).pathname));
keepQueue();
if ($("#back") && queue().at) $("#back").href = queue().at;

// choices that need no button: with the arrows one passes over others, and has chosen with Enter or by going on
const CHOICE = ".filters select, .props select";
let passes = false, passed = null;

function choose(select) {
  passed = null;
  if (select.form.matches(".filters")) for (const each of $$("select", select.form)) each.disabled = !each.value;
  select.form.requestSubmit();
}

document.addEventListener("keydown", ({ target, key, altKey }) => {
  if (key === "Enter" && target === passed) choose(target);
  passes = !altKey && (key.length === 1 ? key !== " " : /^(Arrow|Page|Home|End)/.test(key));
});
document.addEventListener("keyup", () => { passes = false; });
document.addEventListener("focusout", ({ target }) => { if (target === passed && document.hasFocus()) setTimeout(choose, 0, target); });
document.addEventListener("change", ({ target }) => {
  if (target.matches(CHOICE)) passes ? passed = target : choose(target);
  if (target.matches(".pick input")) showChosen();
});

// what is changed in place leaves the page where it was
document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-stays]")) return;
  const focused = document.activeElement.id, row = atRow() && $(".what a", atRow()).pathname;
  tab.set("place", JSON.stringify({ path: location.pathname, y: target.matches(".filters") ? 0 : scrollY, focused, row }));
});
if (place.path === location.pathname && !$("[role=alert]")) {
  scrollTo(0, place.y);
  if (place.focused) document.getElementById(place.focused)?.focus({ preventScroll: true });
}

// a long form outlasts a session that ended meanwhile: it is there again where one comes back
const form = $("form[data-keep]"), before = read(tab.get("form"), {});
tab.set("form", "");
if (form) {
  if (before.path === location.pathname) for (const [name, value] of before.fields) if (form.elements[name]) form.elements[name].value = value;
  form.addEventListener("submit", () => tab.set("form", JSON.stringify({ path: location.pathname, fields: [...new FormData(form)] })));
}

function showChosen() {
  const bulk = $("#bulk");
  if (!bulk) return;
  const count = $$(".pick :checked").length;
  bulk.classList.toggle("some", count > 0);
  $("#chosen").textContent = $("#chosen").dataset.text.replace("0", count);
}

// what stays fresh by itself: a part is asked for again, and swapped where it has changed; 204 says that it has not
async function refresh(part) {
  if (document.hidden) return;
  const answer = await fetch(part.dataset.fresh, { headers: { "X-Part": "1" }, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect" || answer?.status === 401) { $("#expired").hidden = false; return; }
  if (answer?.status !== 200) return;
  const html = await answer.text();
  if (part.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea")) return;
  const focused = document.activeElement?.id, ticked = $$(":checked", part).map((box) => box.value);
  part.innerHTML = html;
  for (const box of $$("[type=checkbox]", part)) box.checked = ticked.includes(box.value);
  if (focused && !$(`#${CSS.escape(focused)}:focus`)) document.getElementById(focused)?.focus({ preventScroll: true });
  showTimes();
  showNew();
  showChosen();
  keepQueue();
  const { count, shown } = $("[data-count]", part)?.dataset ?? {};
  if (!count) return;
  document.title = document.title.replace(/\(\d+\)/, `(${count})`);
  for (const place of $$("h1 .count, .side ul:not(.stores) [aria-current] b")) place.firstChild.data = shown;
}

for (const part of $$("[data-fresh]")) {
  setInterval(refresh, part.dataset.every * 1000, part);
  part.addEventListener("refresh", () => refresh(part));
  addEventListener("visibilitychange", () => refresh(part));
}

// what was done stands there when the page comes: it is said again, since only what changes then is read out
const notice = $("#notice");
if (notice) setTimeout((text) => { notice.textContent = text; }, 200, notice.textContent);

// without a connection nothing is sent
function showOffline() { const toast = $("#offline"); if (toast) toast.hidden = navigator.onLine; }
addEventListener("online", showOffline);
addEventListener("offline", showOffline);

// keys: one letter each, none while somebody writes, and all of them can be switched off (WCAG 2.1.4)
const off = $("#keys-off");
if (off) {
  off.checked = kept.get("keys") === "off";
  off.addEventListener("change", () => kept.set("keys", off.checked ? "off" : ""));
  $("#help-button").addEventListener("click", () => $("#help").showModal());
}

const atRow = () => document.activeElement.closest(".queue li");

// with the cases that are ticked, or with the one that has the focus
function doWithMany(what) {
  if (!$(".pick :checked") && atRow()) $("input", atRow()).checked = true;
  if ($(".pick :checked")) $(`#bulk [value=${what}]`).click();
}

function move(by) {
  if ($("#composer")) { if (caseBeside(by)) location.assign(caseBeside(by)); return; }
  const rows = $$(".queue li"), at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))];
  if (!next) return;
  $(".what a", next).focus();
  next.scrollIntoView({ block: "nearest" });
}

function write(kind) {
  const composer = $("#composer");
  if (!composer) return;
  $(`[value=${kind}]`, composer).checked = true;
  $("#body").focus();
  composer.scrollIntoView({ block: "end" });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => atRow()?.querySelector("input").click(),
  r: () => write("answer"),
  n: () => write("note"),
  a: () => ($("#composer") ? $("#take")?.click() : doWithMany("take")),
  e: () => ($("#composer") ? $("#close")?.click() : doWithMany("close")),
  u: () => $("#back")?.click(),
  "/": () => $("#query").focus(),
  "?": () => $("#help").showModal(),
};
const WRITING = "input:not([type=checkbox], [type=radio]), textarea, select, dialog *";

document.addEventListener("keydown", (event) => {
  if (!Object.hasOwn(KEYS, event.key) || event.ctrlKey || event.metaKey || event.altKey || off?.checked || event.target.matches(WRITING)) return;
  event.preventDefault();
  KEYS[event.key]();
});
