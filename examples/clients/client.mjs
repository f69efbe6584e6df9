// Create engagement with the fetch of Node: a first submission, the same once more, and one that is refused.
import { setTimeout } from "node:timers/promises";

const url = process.env.ENGAGEMENTS_URL ?? "http://127.0.0.1:4010/api";
const credential = process.env.ENGAGEMENTS_CREDENTIAL ?? "sk-apik_writer.local";
const key = process.argv[2] ?? "examples:node";

// Submit a call. While the server is busy, wait as long as it says. The same external_id makes that safe.
async function submit(call) {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch(`${url}/v2/engagements`, {
      method: "POST",
      headers: { Authorization: `Bearer ${credential}`, "Content-Type": "application/json" },
      body: JSON.stringify(call),
      signal: AbortSignal.timeout(60_000),
    });
    const body = await response.json();
    const busy = response.status === 409 || response.status === 429 || response.status >= 500;
    if (!busy || attempt === 4) return { status: response.status, body };
    const seconds = response.headers.get("Retry-After") ?? 2 ** attempt;
    await setTimeout(Number(seconds) * 1000);
  }
}

function show({ status, body }) {
  console.log(status, status < 300 ? body.id : body.detail);
  for (const error of body.errors ?? []) console.log("   ", error.field, error.message);
}

const call = {
  type: "CALL",
  title: "First call with Acme",
  source_system: "examples",
  external_id: key,
  media_url: "https://media.mock.test/ok.mp3?duration=90",
  run_workflows: false,
};
show(await submit(call));
show(await submit(call));
show(await submit({ ...call, external_id: `${key}:page`, media_url: "https://media.mock.test/page.html" }));
