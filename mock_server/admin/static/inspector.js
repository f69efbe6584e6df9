// The little that pages need a script for: live rows, buttons, copying. Text goes in as text, never as markup.
"use strict";

const ROWS = 200;

function follow(status) {
  const list = document.getElementById("journal");
  const row = document.getElementById("row").content;
  const empty = document.getElementById("empty");
  const say = (text, live) => {
    status.textContent = text;
    status.classList.toggle("on", live);
  };
  const events = new EventSource("/__admin/events?after=" + status.dataset.last); // with the rows that came since
  events.onopen = () => say("live", true);
  events.onerror = () => say("reconnecting", false);
  events.addEventListener("reset", () => {
    list.replaceChildren();
    empty.hidden = false;
  });
  events.addEventListener("request", (event) => {
    const entry = JSON.parse(event.data);
    const item = row.cloneNode(true).firstElementChild;
    const put = (name, text) => (item.querySelector("." + name).textContent = text);
    const refused = entry.trace.findLast((step) => step.verdict === "refused" || step.verdict === "injected");
    const link = item.querySelector("a");
    link.href = "/__admin/inspect/requests/" + encodeURIComponent(entry.id);
    link.classList.add(entry.outcome);
    put("status", entry.status ?? "—");
    put("outcome", entry.outcome);
    item.querySelector(".outcome").classList.add(entry.outcome);
    put("what", entry.external_id ?? entry.method + " " + entry.path);
    put("why", refused ? reason(refused) : "");
    put("who", entry.credential_name ?? "nobody known");
    put("took", took(entry.duration_ms));
    const time = item.querySelector("time");
    time.dateTime = time.title = entry.at;
    time.textContent = entry.at.slice(11, 23);
    item.classList.add("new");
    list.prepend(item);
    while (list.children.length > ROWS) list.lastElementChild.remove();
    empty.hidden = true;
  });
}

function took(ms) {
  return ms < 1000 ? ms.toFixed(1) + " ms" : (ms / 1000).toFixed(2) + " s";
}

function reason(step) {
  if (!step.errors) return (step.rule ? step.rule + ": " : "") + step.detail;
  const [first, ...others] = step.errors;
  const more = others.length ? `, and ${others.length} more` : "";
  return (first.rule ? first.rule + ": " : "") + (first.field.slice(1) || "the body") + " " + first.message + more;
}

// A form as the JSON that the control plane takes; `match.workspace` becomes a member of `match`.
function read(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.value === "") continue;
    const [inner, name] = field.name.includes(".") ? field.name.split(".") : [null, field.name];
    const into = inner ? (body[inner] ??= {}) : body;
    const number = field.dataset.type === "number" && !Number.isNaN(Number(field.value));
    into[name] = field.dataset.type === "boolean" ? field.value === "true" : number ? Number(field.value) : field.value;
  }
  return body;
}

async function send(form) {
  const output = form.querySelector("output");
  const body = read(form);
  const init = { method: form.dataset.method, headers: { "Content-Type": "application/json" } };
  if (Object.keys(body).length) init.body = JSON.stringify(body);
  let answer;
  try {
    const response = await fetch(form.dataset.path, init);
    answer = await response.json();
    if (!response.ok) throw new Error(explain(answer));
  } catch (error) {
    output.textContent = error.message;
    output.setAttribute("role", "alert");
    return;
  }
  if (!form.dataset.show) return location.reload();
  const place = document.getElementById(form.dataset.show);
  place.textContent = JSON.stringify(answer, null, 2);
  place.hidden = false;
  place.focus();
  if (form.dataset.refresh) refresh(form.dataset.refresh);
}

// One part of the page, as the server shows it now. The browser parses the page: no text becomes markup here.
function refresh(id) {
  const page = new XMLHttpRequest();
  page.open("GET", location.href);
  page.responseType = "document";
  page.onload = () => {
    const fresh = page.response?.getElementById(id);
    if (fresh) document.getElementById(id).replaceWith(document.adoptNode(fresh));
  };
  page.send();
}

function explain(problem) {
  if (!problem.errors) return problem.detail;
  return problem.errors.map((error) => `${error.field.slice(1) || "this"} ${error.message}`).join("; ");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.path) return;
  event.preventDefault();
  if (!form.dataset.confirm || confirm(form.dataset.confirm)) send(form);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source); // no clipboard without https: the text is at least selected
    button.textContent = "Selected";
  }
});

// On a narrow screen the pages are a line that scrolls: the present one is to be in sight.
document.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const live = document.getElementById("live");
if (live) follow(live);
