//! What the webhook may start: the machines that the parameter names, by their ARNs, and no others.

use serde_json::{Value, json};

use super::company::statements;
use super::resources;

const PAIRS: &str = "release=arn:aws:states:eu-west-1:123456789012:stateMachine:release,\
                     expense=arn:aws:states:eu-west-1:123456789012:stateMachine:expense-2";

/// What CloudFormation makes of functions where the parameter has these pairs.
fn evaluated(value: &Value) -> Value {
    let Some((function, of)) = value.as_object().and_then(|object| object.iter().next()) else { return value.clone() };
    let text = |value: &Value| evaluated(value).as_str().unwrap().to_owned();
    let items = |value: &Value| -> Vec<String> {
        let list = evaluated(value);
        list.as_array().unwrap().iter().map(text).collect()
    };
    match function.as_str() {
        "!Ref" if of == "StateMachines" => json!(PAIRS),
        "!Split" => json!(text(&of[1]).split(of[0].as_str().unwrap()).collect::<Vec<_>>()),
        "!Join" => json!(items(&of[1]).join(of[0].as_str().unwrap())),
        "!Sub" => {
            let mut filled = of[0].as_str().unwrap().to_owned();
            for (name, value) in of[1].as_object().unwrap() {
                filled = filled.replace(&format!("${{{name}}}"), &text(value));
            }
            json!(filled)
        }
        other => panic!("{other} is not expected here"),
    }
}

#[test]
fn the_right_to_start_is_limited_to_the_machines_that_are_named() {
    let (_, role) = resources("AWS::IAM::Role").into_iter().find(|(name, _)| name == "WebhookRole").unwrap();
    let own = statements(&role["Policies"][0]["PolicyDocument"]).into_iter();
    let starts: Vec<Value> = own.filter(|statement| statement["Action"] == "states:StartExecution").collect();
    assert_eq!(starts.len(), 2, "the reference workflow, and those of the parameter: {starts:?}");
    assert_eq!(starts[0]["Resource"], json!({ "!Ref": "Calculation" }));
    let nothing = ["arn:*:states:::name/release", "arn:*:states:::name/expense"];
    let machines = PAIRS.split(',').map(|pair| pair.split_once('=').unwrap().1);
    let mut expected: Vec<&str> = nothing.into_iter().chain(machines).collect();
    let granted = evaluated(&starts[1]["Resource"]);
    let mut granted: Vec<&str> = granted.as_array().unwrap().iter().map(|arn| arn.as_str().unwrap()).collect();
    expected.sort_unstable();
    granted.sort_unstable();
    assert_eq!(granted, expected);
}
