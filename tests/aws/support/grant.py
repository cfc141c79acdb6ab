# ministack does not know the conditions `events:source` and `ses:FromAddress` and refuses what they guard, so these
# roles of a stack get both calls without them. Everything else stays as strict as in the template.
# Arguments: the stack, then the roles by their names in the template.
import json
import sys

import boto3

stack, *roles = sys.argv[1:]
allowed = {"Effect": "Allow", "Action": ["events:PutEvents", "ses:SendRawEmail"], "Resource": "*"}
document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
for role in roles:
    resource = boto3.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=role)
    name = resource["StackResourceDetail"]["PhysicalResourceId"]
    boto3.client("iam").put_role_policy(RoleName=name, PolicyName="without-conditions", PolicyDocument=document)
