# Makes a stack of a template that is plain CloudFormation, or changes the one that is there.
# Arguments: its name, the file, then NAME=VALUE for each parameter.
import sys

import boto3

name, file, *parameters = sys.argv[1:]
cloudformation = boto3.client("cloudformation")
with open(file, encoding="utf-8") as template:
    stack = {
        "StackName": name,
        "TemplateBody": template.read(),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in (parameter.split("=", 1) for parameter in parameters)
        ],
    }
try:
    cloudformation.create_stack(**stack)
    made = "stack_create_complete"
except cloudformation.exceptions.AlreadyExistsException:
    cloudformation.update_stack(**stack)
    made = "stack_update_complete"
cloudformation.get_waiter(made).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
