# Makes a stack of a template that is plain CloudFormation, or changes the one that is there.
# Arguments: its name, the file, then NAME=VALUE for each parameter.
import sys

import boto3

name, file, *parameters = sys.argv[1:]
parameters = dict(parameter.split("=", 1) for parameter in parameters)
cloudformation = boto3.client("cloudformation")
with open(file, encoding="utf-8") as template:
    body = template.read()
# As CloudFormation does and ministack does not: a list as a principal is its members, and conditions know the region and
# may split.
body = body.replace("!Ref AWS::Region", cloudformation.meta.region_name)
body = body.replace("{ AWS: !Ref HubRoleArns }", "{ AWS: [" + parameters["HubRoleArns"] + "] }")
body = body.replace("!Select [3, !Split [':', !Ref RequestsArn]]", parameters["RequestsArn"].split(":")[3])
stack = {
    "StackName": name,
    "TemplateBody": body,
    "Capabilities": ["CAPABILITY_NAMED_IAM"],
    "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
}
try:
    cloudformation.create_stack(**stack)
    made = "stack_create_complete"
except cloudformation.exceptions.AlreadyExistsException:
    cloudformation.update_stack(**stack)
    made = "stack_update_complete"
cloudformation.get_waiter(made).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
