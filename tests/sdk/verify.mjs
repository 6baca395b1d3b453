// Verifies webhooks as their receivers do. Each line of stdin is one as JSON, {"secret": "whsec_...", "headers": {...},
// "body": "..."}; for each a line of JSON comes out: {"verified": ...} with what the body says, or {"refused": "..."}.
import { createInterface } from "node:readline";

import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, headers, body } = JSON.parse(line);
  let answer;
  try {
    answer = { verified: new Webhook(secret).verify(body, headers) };
  } catch (error) {
    answer = { refused: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
