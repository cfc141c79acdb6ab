// The loop of a Lambda runtime: gets an event, calls the handler, posts the answer. AWS's own client for Node.js needs a
// C++ compiler to be installed; this does the same in less time.
"use strict";

const http = require("node:http");
const path = require("node:path");

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const { handler } = require(path.join(process.env.LAMBDA_TASK_ROOT, "index.js"));

function call(method, route, body) {
  return new Promise((resolve, reject) => {
    const options = { agent, host, port, method, path: `/2018-06-01/runtime/${route}` };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function main() {
  for (;;) {
    const { headers, body } = await call("GET", "invocation/next");
    const id = headers["lambda-runtime-aws-request-id"];
    const context = {
      awsRequestId: id,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    };
    try {
      const answer = await handler(JSON.parse(body), context);
      await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
    } catch (error) {
      const failure = { errorMessage: error.message, errorType: error.name, trace: [error.stack] };
      await call("POST", `invocation/${id}/error`, JSON.stringify(failure));
    }
  }
}

main();
