# ministack does not know the conditions `events:source` and `ses:FromAddress` and refuses what they guard, so these
# roles of a stack get without them what the template gives each under them. It also asks for a permission of its own for
# a batch of messages, which on AWS is part of that for one:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html.
# Everything else stays as strict as there.
# Arguments: the stack, then the roles by their names in the template.
import json
import sys

import boto3

UNKNOWN = {"events:source", "ses:FromAddress"}

stack, *roles = sys.argv[1:]
cloudformation, iam = boto3.client("cloudformation"), boto3.client("iam")


def statements_of(role):
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield from iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]["Statement"]
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]


def is_guarded(statement):
    return UNKNOWN & set(statement.get("Condition", {}).get("StringEquals", {}))


for role in roles:
    resource = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=role)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    statements = list(statements_of(name))
    actions = [statement["Action"] for statement in statements if is_guarded(statement)]
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": "*"}] if actions else []
    for statement in statements:
        if statement["Action"] == "sqs:SendMessage" or "sqs:SendMessage" in statement["Action"]:
            allowed.append({**statement, "Action": "sqs:SendMessageBatch"})
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    iam.put_role_policy(RoleName=name, PolicyName="without-conditions", PolicyDocument=document)
