// A program around openapi-fetch with the types of openapi-typescript: sends the calls of stdin, prints the answers.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Submission = components["schemas"]["CreateEngagement"];
type Call = {
  credential: string;
  external_id: string;
  media_url: string;
  headers: Record<string, string>;
  people: components["schemas"]["Participant"][];
};

// With people a submission has all optional fields, without it has none.
function submission(call: Call): Submission {
  const plain: Submission = {
    type: "CALL",
    title: "Überblick 通話",
    source_system: "clients",
    external_id: call.external_id,
    media_url: call.media_url,
    run_workflows: false,
  };
  if (call.people.length === 0) return plain;
  return {
    ...plain,
    start_at: "2026-03-02T09:30:00+01:00",
    is_private: false,
    transcript_text: "Good morning.",
    participants: call.people,
  };
}

async function answer(baseUrl: string, call: Call) {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${call.credential}` } });
  const { data, error, response } = await client.POST("/v2/engagements", { body: submission(call), headers: call.headers });
  const told = { status: response.status, retry_after: response.headers.get("Retry-After") };
  if (data) {
    // Here data is an Engagement.
    return {
      ...told,
      id: data.id,
      title: data.title,
      kind: data.engagement_type,
      start: Date.parse(data.start_at!) / 1000,
      seconds: data.duration_seconds,
    };
  }
  // And here error is a Problem.
  return {
    ...told,
    type: error.type,
    detail: error.detail,
    request_id: error.request_id,
    errors: (error.errors ?? []).map(({ field, code, message }) => [field, code, message]),
  };
}

async function main() {
  const order: { base_url: string; calls: Call[] } = JSON.parse(readFileSync(0, "utf-8"));
  const answers = [];
  for (const call of order.calls) answers.push(await answer(order.base_url, call));
  console.log(JSON.stringify(answers));
}

void main();
