// An approval bot with Slack's Bolt for JavaScript, as somebody would deploy it to Lambda.
"use strict";

const { App, AwsLambdaReceiver } = require("@slack/bolt");
const { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { EventBridgeClient, PutEventsCommand } = require("@aws-sdk/client-eventbridge");
const { SendTaskSuccessCommand, SFNClient } = require("@aws-sdk/client-sfn");

const TABLE = process.env.TABLE_NAME;
const BUS = process.env.EVENT_BUS_NAME;

const dynamodb = new DynamoDBClient({});
const stepFunctions = new SFNClient({});
const events = new EventBridgeClient({});

const receiver = new AwsLambdaReceiver({ signingSecret: process.env.SLACK_SIGNING_SECRET });
const app = new App({
  receiver,
  // Says who the bot is without asking Slack, which Bolt would do with a token alone.
  authorize: async ({ enterpriseId, teamId }) => ({
    enterpriseId,
    teamId,
    botToken: process.env.BOT_TOKEN,
    botId: "B0COUNTERSIGN",
    botUserId: "U0COUNTERSIGN",
  }),
});

app.action(/^(approve|reject)$/, async ({ ack, action, body }) => {
  const asked = JSON.parse(action.value);
  const decision = {
    approvalId: asked.approvalId,
    status: action.action_id === "approve" ? "approved" : "rejected",
    decidedBy: body.user.id,
  };
  if (await write(decision)) {
    const output = JSON.stringify(decision);
    await stepFunctions.send(new SendTaskSuccessCommand({ taskToken: asked.taskToken, output }));
    const entry = { Source: "approvals", DetailType: "Approval Resolved", Detail: output, EventBusName: BUS };
    const put = await events.send(new PutEventsCommand({ Entries: [entry] }));
    if (put.FailedEntryCount > 0) {
      throw new Error("the bus did not take the event");
    }
  }
  await ack();
});

// Writes the decision down, unless there is one.
async function write(decision) {
  const put = new PutItemCommand({
    TableName: TABLE,
    Item: {
      id: { S: decision.approvalId },
      item: { S: "approval" },
      status: { S: decision.status },
      decided_by: { S: decision.decidedBy },
    },
    ConditionExpression: "attribute_not_exists(#id)",
    ExpressionAttributeNames: { "#id": "id" },
  });
  try {
    await dynamodb.send(put);
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) {
      return false;
    }
    throw error;
  }
  return true;
}

module.exports.handler = async (event, context) => {
  const handle = await receiver.start();
  return handle(event, context);
};
