# Lints the IAM policies of a template with parliament, which knows the resources and conditions of every action of AWS.
#
# Every condition of the template is taken as met, and what is known only once it is deployed as something of the right
# form. Each finding is told that is not accepted here with a reason, and each reason that nothing needs any more.

import json
import re
import sys

import parliament
from cfnlint.decode import decode

ACCEPTED = {
    "DecidePolicy: RESOURCE_MISMATCH: [{'action': 'states:DescribeExecution', 'required_format':"
    " 'arn:*:states:*:*:express:*:*:*'}]": "a task with a token is one of a Standard workflow, so no Express one is asked for",
    "SpokeRole: RESOURCE_MISMATCH: [{'action': 'states:DescribeExecution', 'required_format':"
    " 'arn:*:states:*:*:express:*:*:*'}]": "the same",
}

HERE = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}
HERE |= {"AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "countersign", "AWS::NoValue": None}
PLACE = "eu-central-1:123456789012"
HERE["AWS::StackId"] = f"arn:aws:cloudformation:{PLACE}:stack/countersign/11111111-2222-3333-4444-555555555555"

ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{place}:table/{name}",
    "AWS::Events::EventBus": "arn:aws:events:{place}:event-bus/{name}",
    "AWS::Events::Rule": "arn:aws:events:{place}:rule/{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{place}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{place}:{name}",
    "AWS::SecretsManager::Secret": "arn:aws:secretsmanager:{place}:secret:{name}-abcdef",
    "AWS::Serverless::Function": "arn:aws:lambda:{place}:function:{name}",
    "AWS::Serverless::StateMachine": "arn:aws:states:{place}:stateMachine:{name}",
}
KEY = f"arn:aws:kms:{PLACE}:key/11111111-2222-3333-4444-555555555555"
# What a parameter stands for where its name alone has not the form of it.
PARAMETERS = {
    "RequestsFromAccounts": "arn:aws:iam::111122223333:root",
    "HubRoleArns": "arn:aws:iam::111122223333:role/webhook",
    "RequestsArn": f"arn:aws:sqs:{PLACE}:requests",
    "ExecutionEndsArn": f"arn:aws:sqs:{PLACE}:ends",
}
MACHINE = f"arn:aws:states:{PLACE}:stateMachine:release"


class Template:
    def __init__(self, path):
        self.document, problems = decode(path)
        if problems:
            sys.exit(f"{path} cannot be read: {problems}")
        self.resources = self.document["Resources"]

    def policies(self):
        for name, resource in self.resources.items():
            properties = resource.get("Properties", {})
            if "PolicyDocument" in properties:
                yield name, self.evaluated(properties["PolicyDocument"])
            for policy in properties.get("Policies", []):
                yield name, self.evaluated(policy["PolicyDocument"])

    def evaluated(self, value):
        if isinstance(value, list):
            return [it for it in map(self.evaluated, value) if it is not None]
        if not isinstance(value, dict):
            return value
        if len(value) != 1 or not (key := next(iter(value))).startswith(("Fn::", "Ref")):
            return {key: self.evaluated(it) for key, it in value.items()}
        return self.called(key, value[key])

    def called(self, function, argument):
        match function:
            case "Ref":
                return self.named(argument)
            case "Fn::GetAtt":
                return self.named(argument if isinstance(argument, str) else ".".join(argument))
            case "Fn::If":
                return self.evaluated(argument[1])
            case "Fn::Sub":
                text, given = argument if isinstance(argument, list) else (argument, {})
                given = self.evaluated(given)
                return re.sub(r"\$\{([^}]+)\}", lambda it: given.get(it[1]) or self.named(it[1]), text)
            case "Fn::Split":
                # The machines that people may start, of which the template makes a list.
                return ["arn:*:states:::name/release", MACHINE]
        sys.exit(f"{function} is not known here")

    def named(self, name):
        if name in HERE:
            return HERE[name]
        name, _, attribute = name.partition(".")
        if name in self.document["Parameters"]:
            return KEY if "Key" in name else PARAMETERS.get(name, name)
        # Of what events of functions become, the policies name rules alone.
        kind = self.resources.get(name, {"Type": "AWS::Events::Rule"})["Type"]
        is_arn = attribute or kind == "AWS::Serverless::StateMachine"
        return ARNS[kind].format(place=PLACE, name=name) if is_arn else name


def main(paths):
    needed = set()
    for name, document in (policy for path in paths for policy in Template(path).policies()):
        for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
            text = f"{name}: {finding.issue}: {finding.detail}"
            if text in ACCEPTED:
                needed.add(text)
            else:
                print(text)
    for text in ACCEPTED.keys() - needed:
        print(f"is not found any more, so that it needs no reason: {text}")


main(sys.argv[1:])
