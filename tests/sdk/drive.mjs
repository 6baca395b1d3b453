// Drives the official client as its users do.
//
//     SUPPORTCASES_TOKEN=sck_... node drive.mjs ENDPOINT
//
// Each line of stdin is a call as JSON, ["supportCaseGet", {"idOrNumber": "42"}]; for each a line of JSON comes out:
// {"result": ...} with what the client returned, or {"thrown": "..."} with the message of the Error that it threw.
import { createInterface } from "node:readline";

import { Commerce } from "commerce-kit";

const commerce = Commerce({ endpoint: process.argv[2], token: process.env.SUPPORTCASES_TOKEN });

for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...parameters] = JSON.parse(line);
  let answer;
  try {
    answer = { result: await commerce[method](...parameters) };
  } catch (error) {
    answer = { thrown: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
