//! What an account needs that asks a deployment in another: the template for it says what the code and the deployment say.

use std::collections::BTreeSet;

use countersign_bot::approval::accounts::DEFAULT_ROLE;
use countersign_bot::flow::hear;
use serde_json::{Value, json};

use super::company::statements;
use super::{TEMPLATE, resources, texts, yaml};
use crate::support::Harness;

const SPOKE: &str = include_str!("../../../infra/spoke.yaml");
const DOCUMENT: &str = include_str!("../../../docs/many-accounts.md");

fn spoke() -> Value {
    yaml(SPOKE)
}

fn role(name: &str) -> Value {
    spoke()["Resources"][name]["Properties"].clone()
}

/// What a role may do, each action with its resource.
fn rights(role: &Value) -> Vec<(BTreeSet<String>, Value)> {
    let policies = role["Policies"].as_array().unwrap().iter();
    let all = policies.flat_map(|policy| statements(&policy["PolicyDocument"]));
    let actions = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => texts(actions.iter().map(|action| action.as_str().unwrap())),
        action => texts([action.as_str().unwrap()]),
    };
    all.map(|statement| (actions(&statement), statement["Resource"].clone())).collect()
}

#[test]
fn the_role_of_a_spoke_trusts_the_hub_alone_and_may_what_a_callback_needs() {
    let role = role("SpokeRole");
    assert_eq!(spoke()["Parameters"]["RoleName"]["Default"], DEFAULT_ROLE);
    assert_eq!(role["RoleName"]["!Ref"], "RoleName");
    let trust = &role["AssumeRolePolicyDocument"]["Statement"];
    let expected = json!([{
        "Effect": "Allow", "Principal": { "AWS": { "!Ref": "HubRoleArns" } }, "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "sts:ExternalId": { "!Ref": "ExternalId" } } }
    }]);
    assert_eq!(*trust, expected);
    let rights: Vec<_> = rights(&role).into_iter().filter(|(actions, _)| !actions.contains("kms:Decrypt")).collect();
    let executions = json!({ "!Sub": "arn:${AWS::Partition}:states:*:${AWS::AccountId}:execution:*" });
    assert_eq!(
        rights,
        [
            (texts(["states:SendTaskSuccess", "states:SendTaskFailure"]), json!("*")),
            (texts(["states:DescribeExecution", "states:GetExecutionHistory"]), executions),
        ]
    );
    let boundary = json!({ "!If": ["HasBoundary", { "!Ref": "PermissionsBoundaryArn" }, { "!Ref": "AWS::NoValue" }] });
    for (name, resource) in spoke()["Resources"].as_object().unwrap() {
        if resource["Type"] == "AWS::IAM::Role" {
            assert_eq!(resource["Properties"]["PermissionsBoundary"], boundary, "{name}");
        }
    }
    // StackSets take no template with a transform.
    assert_eq!(spoke()["Transform"], Value::Null);
}

/// The three functions that call back or look up, and no other, may assume that role and are trusted.
#[test]
fn only_the_functions_that_call_back_may_assume_the_role_of_a_spoke() {
    let policies =
        resources("AWS::IAM::ManagedPolicy").into_iter().map(|(name, policy)| (name, policy["PolicyDocument"].clone()));
    let assuming: Vec<(String, Value)> = policies
        .flat_map(|(name, document)| statements(&document).into_iter().map(move |statement| (name.clone(), statement)))
        .filter(|(_, statement)| statement["Action"] == "sts:AssumeRole")
        .collect();
    let [(name, statement)] = &assuming[..] else { panic!("{assuming:?}") };
    assert_eq!((name.as_str(), &statement["Effect"]), ("DecidePolicy", &json!("Allow")));
    assert_eq!(statement["Resource"], json!({ "!Sub": "arn:${AWS::Partition}:iam::*:role/${SpokeRole}" }));
    let has_it = |role: &Value| {
        let attached = role["ManagedPolicyArns"].as_array().cloned().unwrap_or_default();
        attached.contains(&json!({ "!Ref": "DecidePolicy" }))
    };
    let assuming = resources("AWS::IAM::Role").into_iter().filter(|(_, role)| has_it(role)).map(|(name, _)| name);
    let trusted = yaml(TEMPLATE)["Outputs"]["HubRoleArns"]["Value"]["!Join"][1].clone();
    let trusted = trusted.as_array().unwrap().iter().map(|role| role["!GetAtt"].as_str().unwrap().to_owned());
    let trusted: BTreeSet<String> = trusted.map(|role| role.replace(".Arn", "")).collect();
    assert_eq!(assuming.collect::<BTreeSet<String>>(), trusted);
}

/// What the rule hands on is what the reconciler reads, and nothing of the data of an execution.
#[tokio::test]
async fn of_the_end_of_an_execution_elsewhere_only_its_arn_and_status_are_handed_on() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let rule = &spoke()["Resources"]["EndsRule"]["Properties"];
    let here = resources("AWS::Serverless::Function").into_iter().find(|(name, _)| name == "Reconciler").unwrap().1;
    let here = &here["Events"]["ExecutionEnded"]["Properties"]["Pattern"];
    assert_eq!(rule["EventPattern"], *here, "the same ends are heard here and there");
    let target = &rule["Targets"][0];
    assert_eq!(target["Arn"]["!Ref"], "ExecutionEndsArn");
    assert_eq!(rights(&role("EndsRole")), [(texts(["sqs:SendMessage"]), json!({ "!Ref": "ExecutionEndsArn" }))]);
    let execution = approval.request.execution;
    let event = json!({ "account": execution.origin().account(), "detail": {
        "executionArn": execution, "status": "ABORTED", "input": "in secret", "output": "in secret"
    } });
    let transformer = &target["InputTransformer"];
    let mut handed_on = transformer["InputTemplate"].as_str().unwrap().to_owned();
    for (name, path) in transformer["InputPathsMap"].as_object().unwrap() {
        let path = path.as_str().unwrap().strip_prefix('$').unwrap().replace('.', "/");
        handed_on = handed_on.replace(&format!("<{name}>"), &event.pointer(&path).unwrap().to_string());
    }
    assert!(!handed_on.contains("secret"), "{handed_on}");
    let heard = hear::hear_elsewhere(&harness.world.bot().app, &handed_on).await;
    assert!(heard.unwrap_err().to_string().contains("the end of the execution does not show yet"));
}

#[test]
fn what_a_spoke_asks_for_is_what_the_hub_gives() {
    let outputs = yaml(TEMPLATE)["Outputs"].clone();
    for parameter in ["HubRoleArns", "ExternalId", "RequestsArn", "ExecutionEndsArn"] {
        assert!(outputs.get(parameter).is_some(), "{parameter}");
        assert_eq!(spoke()["Parameters"][parameter]["Default"], Value::Null, "{parameter} has to be said");
        assert!(DOCUMENT.contains(&format!("$(output {parameter})")), "{parameter}");
    }
    assert_eq!(rights(&role("ForwarderRole")), [(texts(["sqs:SendMessage"]), json!({ "!Ref": "RequestsArn" }))]);
}
