// Drives the official client as its users do, for as many of them as the lines name.
//
// Each line of stdin is a call as JSON, ["http://...", "sck_...", "supportCaseGet", {"idOrNumber": "42"}]: an endpoint
// and a token, of which it keeps one client, the method and what it is given. For each a line of JSON comes out:
// {"result": ...} with what the client returned, or {"thrown": "..."} with the message of the Error that it threw.
import { createInterface } from "node:readline";

import { Commerce } from "commerce-kit";

const clients = new Map();

function clientOf(endpoint, token) {
  const name = `${endpoint} ${token}`;
  if (!clients.has(name)) clients.set(name, Commerce({ endpoint, token }));
  return clients.get(name);
}

for await (const line of createInterface({ input: process.stdin })) {
  const [endpoint, token, method, ...parameters] = JSON.parse(line);
  let answer;
  try {
    answer = { result: await clientOf(endpoint, token)[method](...parameters) };
  } catch (error) {
    answer = { thrown: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
