"""Does what `cdk bootstrap`, `cdk deploy` and the upload of the zips do, with what the CDK has synthesised."""

import sys
from pathlib import Path

import boto3

bucket, folder = sys.argv[1], Path(sys.argv[2])
s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")
s3.create_bucket(
    Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
)
for path in (folder / "zips").iterdir():
    s3.upload_file(str(path), bucket, f"countersign/{path.name}")
s3.upload_file(str(folder / "out" / "countersign.template.json"), bucket, "template.json")
boto3.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
cloudformation.create_stack(
    StackName="countersign",
    TemplateURL=f"https://s3.{s3.meta.region_name}.amazonaws.com/{bucket}/template.json",
    Capabilities=["CAPABILITY_IAM"],
)
cloudformation.get_waiter("stack_create_complete").wait(
    StackName="countersign", WaiterConfig={"Delay": 1}
)
stack = cloudformation.describe_stacks(StackName="countersign")["Stacks"][0]
outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
assert outputs["Notifier"] == outputs["NotifierArn"], outputs
