"""An approval bot with Slack's Bolt for Python, as somebody would deploy it to Lambda."""

import json
import os
import re

import boto3
from botocore.exceptions import ClientError
from slack_bolt import App
from slack_bolt.adapter.aws_lambda import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult

TABLE = os.environ["TABLE_NAME"]
BUS = os.environ["EVENT_BUS_NAME"]

dynamodb = boto3.client("dynamodb")
step_functions = boto3.client("stepfunctions")
events = boto3.client("events")


def authorize(enterprise_id, team_id):
    """Says who the bot is without asking Slack, which Bolt would do with a token alone."""
    return AuthorizeResult(
        enterprise_id=enterprise_id,
        team_id=team_id,
        bot_token=os.environ["BOT_TOKEN"],
        bot_id="B0COUNTERSIGN",
        bot_user_id="U0COUNTERSIGN",
    )


app = App(
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    authorize=authorize,
    process_before_response=True,
)


@app.action(re.compile("^(approve|reject)$"))
def decide(ack, action, body):
    asked = json.loads(action["value"])
    decision = {
        "approvalId": asked["approvalId"],
        "status": "approved" if action["action_id"] == "approve" else "rejected",
        "decidedBy": body["user"]["id"],
    }
    if write(decision):
        step_functions.send_task_success(
            taskToken=asked["taskToken"], output=json.dumps(decision)
        )
        entry = {
            "Source": "approvals",
            "DetailType": "Approval Resolved",
            "Detail": json.dumps(decision),
            "EventBusName": BUS,
        }
        if events.put_events(Entries=[entry])["FailedEntryCount"]:
            raise RuntimeError("the bus did not take the event")
    ack()


def write(decision):
    """Writes the decision down, unless there is one."""
    item = {
        "id": {"S": decision["approvalId"]},
        "item": {"S": "approval"},
        "status": {"S": decision["status"]},
        "decided_by": {"S": decision["decidedBy"]},
    }
    try:
        dynamodb.put_item(
            TableName=TABLE,
            Item=item,
            ConditionExpression="attribute_not_exists(#id)",
            ExpressionAttributeNames={"#id": "id"},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


requests = SlackRequestHandler(app=app)


def handle(event, context):
    return requests.handle(event, context)
