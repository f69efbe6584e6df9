// A program around the TypeScript client of OpenAPI Generator: sends the calls of stdin, prints the answers.
import { readFileSync } from "node:fs";
import {
  Configuration,
  type CreateEngagement,
  EngagementsApi,
  type Participant,
  type Problem,
  ProblemFromJSON,
  ResponseError,
} from "./client";

type Call = {
  credential: string;
  external_id: string;
  media_url: string;
  headers: Record<string, string>;
  people: Participant[];
};

// With people a submission has all optional fields, without it has none.
function submission(call: Call): CreateEngagement {
  const plain: CreateEngagement = {
    type: "CALL",
    title: "Überblick 通話",
    sourceSystem: "clients",
    externalId: call.external_id,
    mediaUrl: call.media_url,
    runWorkflows: false,
  };
  if (call.people.length === 0) return plain;
  return {
    ...plain,
    startAt: new Date("2026-03-02T09:30:00+01:00"),
    isPrivate: false,
    transcriptText: "Good morning.",
    participants: call.people,
  };
}

async function answer(basePath: string, call: Call) {
  const api = new EngagementsApi(new Configuration({ basePath, accessToken: call.credential, headers: call.headers }));
  try {
    const response = await api.createEngagementRaw({ createEngagement: submission(call) });
    const engagement = await response.value();
    return {
      status: response.raw.status,
      retry_after: null,
      id: engagement.id,
      title: engagement.title,
      kind: engagement.engagementType,
      start: engagement.startAt!.getTime() / 1000,
      seconds: engagement.durationSeconds,
    };
  } catch (refusal) {
    if (refusal instanceof ResponseError) return refused(refusal.response);
    throw refusal;
  }
}

async function refused(response: Response) {
  const problem: Problem = ProblemFromJSON(await response.json());
  return {
    status: response.status,
    retry_after: response.headers.get("Retry-After"),
    type: problem.type,
    detail: problem.detail,
    request_id: problem.requestId,
    errors: (problem.errors ?? []).map(({ field, code, message }) => [field, code, message]),
  };
}

async function main() {
  const order: { base_url: string; calls: Call[] } = JSON.parse(readFileSync(0, "utf-8"));
  const answers = [];
  for (const call of order.calls) answers.push(await answer(order.base_url, call));
  console.log(JSON.stringify(answers));
}

void main();
