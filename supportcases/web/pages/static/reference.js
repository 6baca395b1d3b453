// Each form of the reference is a request: a curl line while it is filled in, an answer once it is sent.
const MOST = 200_000; // characters of an answer that are shown
const KEPT = "supportcases-key";
const base = location.pathname.replace(/\/docs$/, "");
const key = document.querySelector("#key");
const json = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\b\d[\d.eE+-]*/g;

function requestOf(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams(), headers = {};
  let body;
  for (const { dataset, name, value } of form.elements) {
    if (dataset.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(value).replaceAll("%3A", ":"));
    else if (dataset.in === "query" && value) query.append(name, value);
    else if (dataset.in === "header" && value) headers[name] = value;
    else if (dataset.in === "body") body = value;
  }
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return { method: form.dataset.method, url: location.origin + base + path + (query.size ? `?${query}` : ""), headers, body };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curl(form) {
  const { method, url, headers, body } = requestOf(form);
  const parts = [quoted(url)];
  if (method !== (body === undefined ? "GET" : "POST")) parts.unshift(`-X ${method}`);
  if ("needsKey" in form.dataset) parts.push('-H "Authorization: Bearer $KEY"');
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) parts.push(`-d ${quoted(body)}`);
  return `curl ${parts.join(" \\\n  ")}`;
}

function span(kind, text) {
  const made = document.createElement("span");
  made.className = kind;
  made.textContent = text;
  return made;
}

function coloured(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(json)) {
    const [whole, string, colon] = found;
    parts.push(text.slice(end, found.index), span(colon ? "n" : string ? "s" : "v", string ?? whole), colon ?? "");
    end = found.index + whole.length;
  }
  return [...parts, text.slice(end)];
}

function pretty(text) {
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {} // it is no JSON: as it came
  return text.length > MOST ? `${text.slice(0, MOST)}\n… ${(text.length - MOST).toLocaleString("en")} characters more` : text;
}

async function send(form) {
  const { method, url, headers, body } = requestOf(form);
  const answer = form.parentElement.querySelector(".answer"), [told, shown] = answer.children;
  if ("needsKey" in form.dataset && key.value) headers.Authorization = `Bearer ${key.value.trim()}`;
  told.replaceChildren("Sending…");
  const begun = performance.now();
  try {
    const got = await fetch(url, { method, headers, body, credentials: "omit", cache: "no-store" });
    const text = await got.text();
    const status = span(`status ${got.ok ? "good" : "bad"}`, got.status);
    told.replaceChildren("Answer ", status, ` ${got.statusText}, ${Math.round(performance.now() - begun)} ms`);
    const head = [...got.headers].map((header) => header.join(": ")).join("\n");
    shown.replaceChildren(span("h", `${head}\n\n`), ...coloured(pretty(text)));
  } catch (error) {
    told.replaceChildren("No answer");
    shown.textContent = `The request could not be sent: ${error.message}`;
  }
  answer.scrollIntoView({ block: "nearest" });
}

function attempt(storage) {
  try {
    return storage();
  } catch {} // a browser may allow none: then the key lives as long as the page
}

key.value = attempt(() => sessionStorage.getItem(KEPT)) ?? "";
key.addEventListener("input", () => attempt(() => sessionStorage.setItem(KEPT, key.value)));
for (const element of document.querySelectorAll("form")) element.hidden = false;
for (const example of document.querySelectorAll(".answer pre")) example.replaceChildren(...coloured(example.textContent));

for (const form of document.querySelectorAll("form[data-path]")) {
  const line = form.parentElement.querySelector("pre"), copy = form.parentElement.querySelector(".copy");
  const tell = () => { line.textContent = curl(form); };
  tell();
  form.addEventListener("input", tell);
  copy.hidden = !navigator.clipboard; // it is not there on plain http, but for localhost
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(line.textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.dataset.path) send(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form?.dataset.path) event.target.form.requestSubmit();
});

// the contents: where the reader is, and out of the way once something is chosen
const contents = document.querySelector("#contents");
contents.addEventListener("click", (event) => { if (event.target.closest("a")) contents.hidePopover(); });
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    const link = contents.querySelector(`a[href="#${target.id}"]`);
    if (isIntersecting) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-20% 0px -79% 0px" });
for (const section of document.querySelectorAll("section[id]")) seen.observe(section);
