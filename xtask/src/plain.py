# Lays out what a deployment takes: the zips of the functions, and the template as plain CloudFormation. It is made by the
# translator that AWS runs for its transform, since what nests stacks, `CfnInclude` of the CDK and StackSets with
# service-managed permissions take no template with a transform.
#
# The zips come from the parameters `CodeBucket` and `CodePrefix`, by names that hold the hash of what is in them, so that
# other code is another name and the same code the same.
#
#     plain.py TEMPLATE FOLDER PROCESSOR=ZIPS...

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

from cfnlint.decode import decode
from samtranslator.translator.transform import transform

ZIP = re.compile(r"\.\./target/lambda/([a-z-]+)/bootstrap\.zip")
HASH_DIGITS = 32
ARM = "RunsOnArm"
PARAMETERS = {
    "CodeBucket": {
        "Description": "The bucket that holds the zips of the functions. It is in the region of the stack.",
        "Type": "String",
        "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "must be the name of a bucket.",
    },
    "CodePrefix": {
        "Description": "What the names of the zips in the bucket begin with, such as countersign/. Empty for nothing.",
        "Type": "String",
        "AllowedPattern": "^([A-Za-z0-9!_.*'()-]+/)*$",
        "ConstraintDescription": "must be empty or end in a slash.",
        "Default": "",
    },
}


def plain(source, zips, folder):
    document, problems = decode(str(source))
    if problems:
        sys.exit(f"{source} cannot be read: {problems}")
    # What was read knows its lines, which the translator has no use for.
    template = json.loads(json.dumps(document))
    template["Parameters"] |= PARAMETERS
    template["Parameters"]["Architecture"] |= {
        "Description": "The processor that the functions run on.",
        "AllowedValues": sorted(zips),
        "Default": min(zips),
    }
    if len(zips) > 1:
        template["Conditions"][ARM] = {"Fn::Equals": [{"Ref": "Architecture"}, "arm64"]}
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            function = ZIP.fullmatch(properties["CodeUri"])
            if not function:
                sys.exit(f"{name} is not made of a zip of ours: {properties['CodeUri']}")
            properties["CodeUri"] = {"Bucket": {"Ref": "CodeBucket"}, "Key": key(zips, function[1], folder)}
        if resource["Type"] == "AWS::Serverless::StateMachine":
            definition = source.parent / properties.pop("DefinitionUri")
            properties["Definition"] = json.loads(definition.read_text())
    return transform(template, {}, {})


def key(zips, function, folder):
    keys = {}
    for processor, made in zips.items():
        name = laid_out(made / function / "bootstrap.zip", f"{function}-{processor}", folder)
        keys[processor] = {"Fn::Sub": "${CodePrefix}" + name}
    return {"Fn::If": [ARM, keys["arm64"], keys["x86_64"]]} if len(keys) > 1 else next(iter(keys.values()))


def laid_out(made, name, folder):
    """The name of the zip in the folder that all of them are laid out in."""
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    name = f"{name}-{digest[:HASH_DIGITS]}.zip"
    shutil.copyfile(made, folder / name)
    return name


def check(template):
    """Nothing is left that only a transform, or a folder beside the template, could resolve."""
    if "Transform" in template:
        sys.exit("the template still has a transform")
    for name, resource in template["Resources"].items():
        if resource["Type"].startswith("AWS::Serverless::"):
            sys.exit(f"{name} is still {resource['Type']}")
        if resource["Type"] == "AWS::Lambda::Function":
            code = resource["Properties"]["Code"]
            if code.get("S3Bucket") != {"Ref": "CodeBucket"} or "${CodePrefix}" not in json.dumps(code["S3Key"]):
                sys.exit(f"the code of {name} does not come from the parameters: {code}")


def main(source, folder, *zips):
    zips = {processor: Path(made) for processor, made in (argument.split("=", 1) for argument in zips)}
    # What is half laid out has another name, so that nobody deploys it.
    half = Path(folder + ".half")
    shutil.rmtree(half, ignore_errors=True)
    (half / "zips").mkdir(parents=True)
    template = plain(Path(source), zips, half / "zips")
    check(template)
    text = json.dumps(template, indent=1, ensure_ascii=False) + "\n"
    (half / "template.json").write_text(text, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(half, folder)


main(*sys.argv[1:])
