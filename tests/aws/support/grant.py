# ministack does not know the conditions `events:source` and `ses:FromAddress` and refuses what they guard, so these
# roles of a stack get without them what the template gives each under them. Everything else stays as strict as there.
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
    actions = [statement["Action"] for statement in statements_of(name) if is_guarded(statement)]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="without-conditions", PolicyDocument=document)
