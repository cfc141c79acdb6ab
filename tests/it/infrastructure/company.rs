//! What a company signs off: roles, keys and parameters are those that `docs/security.md` says.

use std::collections::{BTreeMap, BTreeSet};

use countersign_tests::rights::{self, code, rows};
use serde_json::{Value, json};

use super::{TEMPLATE, resources, texts, with_all, yaml};

const SECURITY: &str = include_str!("../../../docs/security.md");

/// The statements of a policy, with those that a condition may leave out.
pub(super) fn statements(document: &Value) -> Vec<Value> {
    let statements = document["Statement"].as_array().unwrap().iter();
    statements.map(with_all).collect()
}

/// Everything that a role may do, but for what all may: write logs, and use keys that are named as parameters.
fn granted(role: &Value) -> BTreeSet<String> {
    let managed: BTreeMap<String, Value> = resources("AWS::IAM::ManagedPolicy").into_iter().collect();
    let attached = role["ManagedPolicyArns"].as_array().into_iter().flatten();
    let attached = attached.map(|policy| managed[policy["!Ref"].as_str().unwrap()]["PolicyDocument"].clone());
    let own = role["Policies"].as_array().into_iter().flatten().map(|policy| policy["PolicyDocument"].clone());
    let statements = attached.chain(own).flat_map(|document| statements(&document));
    let allowed = statements.filter(|statement| statement["Effect"] == "Allow");
    let actions = allowed.flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    });
    let actions = actions.map(|action| action.as_str().unwrap().to_owned());
    actions.filter(|action| !action.starts_with("logs:") && !action.starts_with("kms:")).collect()
}

#[test]
fn every_role_may_do_what_the_document_says_and_nothing_else() {
    let roles = resources("AWS::IAM::Role").into_iter();
    let granted: BTreeMap<String, BTreeSet<String>> = roles.map(|(name, role)| (name, granted(&role))).collect();
    assert_eq!(granted, rights::granted());
    // What the emulated run calls of it, the run itself compares.
    for (role, actions) in rights::not_called() {
        assert!(actions.is_subset(&granted[&role]), "{role}");
    }
}

/// Who goes by the policy cannot write it, and who may push it can touch nothing else of the table.
#[test]
fn nobody_but_whoever_pushes_writes_the_policy() {
    let policies: BTreeMap<String, Value> = resources("AWS::IAM::ManagedPolicy").into_iter().collect();
    let leading = |condition: &Value, operator: &str| condition[operator]["dynamodb:LeadingKeys"].clone();
    let denied = statements(&policies["RecordPolicy"]["PolicyDocument"]);
    let denied: Vec<&Value> = denied.iter().filter(|statement| statement["Effect"] == "Deny").collect();
    assert_eq!(denied.len(), 1);
    assert_eq!(denied[0]["Resource"], json!({ "!GetAtt": "Approvals.Arn" }));
    assert_eq!(leading(&denied[0]["Condition"], "ForAnyValue:StringEquals"), json!(["policy"]));
    let writes = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"];
    let actions = denied[0]["Action"].as_array().unwrap();
    assert!(writes.iter().all(|write| actions.iter().any(|action| action == write)), "{actions:?}");
    for (name, role) in resources("AWS::IAM::Role") {
        let attached = role["ManagedPolicyArns"].as_array().cloned().unwrap_or_default();
        let has = |policy: &str| attached.contains(&json!({ "!Ref": policy }));
        assert!(!has("PushPolicy"), "{name}");
        let writes_items = granted(&role).contains("dynamodb:PutItem");
        assert!(!writes_items || has("RecordPolicy"), "{name} writes and is not kept from the policy");
    }
    let push = statements(&policies["PushPolicy"]["PolicyDocument"]);
    let on_table = push.iter().find(|statement| statement["Action"].to_string().contains("dynamodb:")).unwrap();
    assert_eq!(leading(&on_table["Condition"], "ForAllValues:StringEquals"), json!(["policy"]));
    assert_eq!(leading(&on_table["Condition"], "Null"), "false", "a call without a key is none of theirs");
}

/// Keys of somebody else's choice are used for what they are named for, and by no other way than their service.
#[test]
fn keys_are_used_through_their_services() {
    let policies = resources("AWS::IAM::ManagedPolicy").into_iter().map(|(_, policy)| policy["PolicyDocument"].clone());
    let roles = resources("AWS::IAM::Role").into_iter();
    let own = roles.flat_map(|(_, role)| role["Policies"].as_array().cloned().unwrap_or_default());
    let documents = policies.chain(own.map(|policy| policy["PolicyDocument"].clone()));
    let mut used = BTreeSet::new();
    for statement in documents.flat_map(|document| statements(&document)) {
        let actions = statement["Action"].to_string();
        if !actions.contains("kms:") {
            continue;
        }
        let key = statement["Resource"]["!Ref"].as_str().unwrap().to_owned();
        let via = &statement["Condition"]["StringEquals"]["kms:ViaService"]["!Sub"];
        let service = via.as_str().and_then(|via| via.split('.').next());
        let expected = match key.as_str() {
            "TableKeyArn" => Some("dynamodb"),
            "SecretsKeyArn" => Some("secretsmanager"),
            "QueuesKeyArn" => Some("sqs"),
            "TrailArchiveKeyArn" => Some("s3"),
            _ => None,
        };
        assert_eq!(service, expected, "{key}");
        used.insert(key);
    }
    assert_eq!(used, texts(["TableKeyArn", "QueuesKeyArn", "SecretsKeyArn", "TrailArchiveKeyArn", "WorkflowKeyArns"]));
}

#[test]
fn what_a_company_sets_holds_for_every_resource() {
    let parameter = |condition: &str, parameter: &str| json!({ "!If": [condition, { "!Ref": parameter }, { "!Ref": "AWS::NoValue" }] });
    for (name, role) in resources("AWS::IAM::Role") {
        assert_eq!(role["PermissionsBoundary"], parameter("HasBoundary", "PermissionsBoundaryArn"), "{name}");
    }
    for (name, logs) in resources("AWS::Logs::LogGroup") {
        assert_eq!(logs["KmsKeyId"], parameter("HasLogsKey", "LogsKeyArn"), "{name}");
        assert_eq!(logs["RetentionInDays"]["!Ref"], "LogRetentionDays", "{name}");
    }
    for (name, secret) in resources("AWS::SecretsManager::Secret") {
        assert_eq!(secret["KmsKeyId"], parameter("HasSecretsKey", "SecretsKeyArn"), "{name}");
    }
    for (name, queue) in resources("AWS::SQS::Queue") {
        assert_eq!(queue["KmsMasterKeyId"], parameter("HasQueuesKey", "QueuesKeyArn"), "{name}");
        assert_eq!(queue["SqsManagedSseEnabled"], json!({ "!If": ["HasQueuesKey", false, true] }), "{name}");
    }
    for (name, table) in resources("AWS::DynamoDB::Table") {
        let key = &table["SSESpecification"]["KMSMasterKeyId"];
        assert_eq!(*key, parameter("HasTableKey", "TableKeyArn"), "{name}");
        assert_eq!(table["DeletionProtectionEnabled"], json!({ "!If": ["ProtectsTable", true, false] }), "{name}");
    }
    let parameters = yaml(TEMPLATE)["Parameters"].as_object().unwrap().clone();
    for parameter in rows(SECURITY, "## What your company sets").iter().flat_map(|row| code(&row[0])) {
        assert!(parameters.contains_key(&parameter), "the template has no parameter {parameter}");
    }
}

/// What a deployment leaves out without a sender, or without the reference workflow: whatever is for it alone, whatever
/// names what is left out, and nothing else.
#[test]
fn without_mail_or_the_reference_workflow_nothing_of_it_is_deployed() {
    let template = yaml(TEMPLATE);
    let resources = template["Resources"].as_object().unwrap();
    let left_out = |conditions: &[&str]| {
        let is_left_out = |it: &Value| conditions.iter().any(|condition| it["Condition"] == *condition);
        texts(resources.iter().filter(|(_, it)| is_left_out(it)).map(|(name, _)| name.as_str()))
    };
    let is_of_mail = |name: &str, it: &Value| {
        let is_route = it["Properties"]["RouteKey"].as_str().is_some_and(|key| key.contains("/email/"));
        is_route || it["Type"].as_str().unwrap().starts_with("AWS::SES::") || name.starts_with("Mail")
    };
    let of_mail = resources.iter().filter(|(name, it)| is_of_mail(name, it)).map(|(name, _)| name.as_str());
    assert_eq!(left_out(&["HasMail", "CreatesAddress", "CreatesDomain"]), texts(of_mail));
    let functions = ["IsInputValid", "Calculate", "Double", "Finalize"];
    let of_workflow = resources
        .keys()
        .map(String::as_str)
        .filter(|name| functions.iter().any(|function| name.starts_with(function)) || name.starts_with("Calculation"));
    assert_eq!(left_out(&["HasWorkflow"]), texts(of_workflow));
    for (condition, rights) in [("HasMail", "ses:SendRawEmail"), ("HasWorkflow", "states:StartExecution")] {
        let roles =
            super::resources("AWS::IAM::Role").into_iter().flat_map(|(_, role)| role["Policies"].as_array().cloned());
        let statements = roles.flatten().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().cloned());
        let granting = statements.flatten().filter(|statement| statement.to_string().contains(rights));
        let conditions: BTreeSet<String> =
            granting.map(|statement| statement["!If"][0].as_str().unwrap_or("always").to_owned()).collect();
        assert!(conditions.contains(condition) && !conditions.contains("always"), "{rights}: {conditions:?}");
    }
}
