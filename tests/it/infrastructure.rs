//! What is deployed and the code name the same things: routes, variables, scopes, indexes and times.

mod archive;
mod company;
mod spoke;
mod state_machines;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use countersign_bot::approval::event::{DetailType, SOURCE};
use countersign_bot::aws::dynamodb::{DUE_INDEX, EXECUTIONS_INDEX, REQUESTERS_INDEX, WAITING_INDEX};
use countersign_bot::flow::deliver::TRIES_MAX;
use countersign_bot::flow::{hear, notify, reconcile, requests};
use countersign_bot::lambda::{archivist, messenger, metrics};
use countersign_bot::platforms::{slack, teams};
use countersign_bot::startup::routes;
use countersign_playground::deliveries::VISIBILITY_TIMEOUT;
use countersign_playground::requests::VISIBILITY_TIMEOUT as REQUESTS_VISIBILITY_TIMEOUT;
use countersign_workflow_lambdas::{calculate, double};
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use crate::support::Harness;

const TEMPLATE: &str = include_str!("../../infra/template.yaml");
const MANIFEST: &str = include_str!("../../manifests/slack/manifest.yaml");
const TEAMS_MANIFEST: &str = include_str!("../../manifests/teams/manifest.json");

/// Variables that no deployment sets, and why.
const NOT_DEPLOYED: [(&str, &str); 16] = [
    ("COUNTERSIGN_SLACK_SIGNING_SECRET", "it is in the secret"),
    ("COUNTERSIGN_SLACK_SIGNING_SECRET_PREVIOUS", "it is in the secret"),
    ("COUNTERSIGN_SLACK_BOT_TOKEN", "it is in the secret"),
    ("COUNTERSIGN_TEAMS_APP_ID", "it is in the secret"),
    ("COUNTERSIGN_TEAMS_APP_PASSWORD", "it is in the secret"),
    ("COUNTERSIGN_TEAMS_TENANT", "it is in the secret"),
    ("COUNTERSIGN_LINK_KEY", "it is in the secret"),
    ("COUNTERSIGN_LINK_KEY_PREVIOUS", "it is in the secret"),
    ("COUNTERSIGN_DOUBLE_KEY", "it is in the secret"),
    ("COUNTERSIGN_DOUBLE_KEY_PREVIOUS", "it is in the secret"),
    ("COUNTERSIGN_SLACK_API_URL", "Slack is at its own address"),
    ("COUNTERSIGN_TEAMS_OPENID_URL", "the Bot Framework is at its own address"),
    ("COUNTERSIGN_TEAMS_LOGIN_URL", "Entra is at its own address"),
    ("COUNTERSIGN_TEAMS_SERVICE_URL", "Teams is at its own address"),
    ("COUNTERSIGN_ALLOWED_HOSTS", "Teams is at Microsoft's hosts"),
    ("COUNTERSIGN_EXECUTION_URL", "executions are shown by the console"),
];

/// A document, with a tagged value such as `!Ref X` as `{"!Ref": "X"}`.
fn yaml(text: &str) -> Value {
    to_json(&Yaml::load_from_str(text).unwrap()[0])
}

fn to_json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), to_json(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, value) => json!({ format!("!{}", tag.suffix): to_json(value) }),
        other => panic!("{other:?} is not expected here"),
    }
}

fn resources(kind: &str) -> Vec<(String, Value)> {
    let template = yaml(TEMPLATE);
    let resources = template["Resources"].as_object().unwrap().clone().into_iter();
    resources.filter(|(_, it)| it["Type"] == kind).map(|(name, it)| (name, it["Properties"].clone())).collect()
}

/// What there is where every condition holds.
fn with_all(value: &Value) -> Value {
    value.get("!If").map_or(value, |choice| &choice[1]).clone()
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    values.into_iter().map(str::to_owned).collect()
}

fn paths() -> BTreeSet<String> {
    routes::ROUTES.iter().chain([&double::ROUTE]).map(|route| route.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn the_gateway_has_the_routes_of_the_code_and_no_others() {
    let deployed = resources("AWS::ApiGatewayV2::Route");
    let deployed: BTreeSet<_> = deployed.iter().map(|(_, route)| route["RouteKey"].as_str().unwrap()).collect();
    assert_eq!(texts(deployed), texts(routes::ROUTES.into_iter().chain([double::ROUTE])));
}

#[test]
fn only_calculations_need_iam() {
    let routes = resources("AWS::ApiGatewayV2::Route").into_iter();
    let guarded = routes.filter(|(_, route)| route["AuthorizationType"] == "AWS_IAM");
    let guarded: Vec<_> = guarded.map(|(_, route)| route["RouteKey"].clone()).collect();
    assert_eq!(guarded, ["POST /calculations"]);
}

/// The list of routes would be worth nothing if the router had others.
#[tokio::test]
async fn the_router_answers_its_routes_and_nothing_else() {
    let harness = Harness::start().await;
    let router = routes::router((*harness.world.bot()).clone());
    for path in paths() {
        let path = path.replace("{approval_id}", "apr_00000000000000000000000000");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
            let status = router.clone().oneshot(request).await.unwrap().status().as_u16();
            let is_ours = routes::ROUTES.iter().any(|route| {
                route.replace("{approval_id}", "apr_00000000000000000000000000") == format!("{method} {path}")
            });
            match status {
                404 | 405 => assert!(!is_ours, "{method} {path} is answered {status}"),
                _ => assert!(is_ours, "{method} {path} is answered {status}"),
            }
        }
    }
}

#[test]
fn every_function_is_told_only_what_the_code_reads() {
    let code = sources("bot/src") + &sources("workflow-lambdas/src");
    let read: BTreeSet<&str> = code
        .split('"')
        .filter(|text| text.starts_with("COUNTERSIGN_") && text.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .collect();
    let mut told = BTreeSet::new();
    for (function, properties) in resources("AWS::Serverless::Function") {
        let variables = properties["Environment"]["Variables"].as_object().cloned().unwrap_or_default();
        for name in variables.keys() {
            assert!(read.contains(name.as_str()), "{function} is told {name}, which nothing reads");
            told.insert(name.clone());
        }
    }
    let not_deployed = texts(NOT_DEPLOYED.map(|(name, _)| name));
    assert!(told.is_disjoint(&not_deployed));
    let expected: BTreeSet<String> = told.union(&not_deployed).cloned().collect();
    assert_eq!(texts(read), expected, "what the code reads is deployed, or listed here with the reason");
}

#[test]
fn the_teams_app_offers_the_words_that_the_bot_understands() {
    let manifest: Value = serde_json::from_str(TEAMS_MANIFEST).unwrap();
    let lists = manifest["bots"][0]["commandLists"].as_array().unwrap();
    for list in lists {
        let titles = list["commands"].as_array().unwrap().iter().map(|command| command["title"].as_str().unwrap());
        assert_eq!(texts(titles), texts(teams::commands::COMMANDS), "{}", list["scopes"]);
    }
    let scopes = lists.iter().flat_map(|list| list["scopes"].as_array().unwrap());
    assert_eq!(texts(scopes.map(|scope| scope.as_str().unwrap())), texts(["team", "groupChat", "personal"]));
}

#[test]
fn the_slack_app_has_the_scopes_and_addresses_that_are_used() {
    let manifest = yaml(MANIFEST);
    let scopes = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap();
    assert_eq!(texts(scopes.iter().map(|scope| scope.as_str().unwrap())), texts(slack::client::SCOPES));
    let settings = ["interactivity", "event_subscriptions"].map(|name| &manifest["settings"][name]["request_url"]);
    let mut addresses: Vec<&str> = settings.into_iter().filter_map(Value::as_str).collect();
    let commands = manifest["features"]["slash_commands"].as_array().unwrap();
    addresses.extend(commands.iter().map(|command| command["url"].as_str().unwrap()));
    let named = addresses.iter().map(|url| url.strip_prefix("https://countersign.example.com").unwrap());
    let slack = paths().into_iter().filter(|path| path.starts_with("/slack/")).collect();
    assert_eq!(texts(named), slack);
    let names = commands.iter().map(|command| command["command"].as_str().unwrap());
    assert_eq!(texts(names), texts([slack::commands::START, slack::commands::APPROVALS]));
}

#[test]
fn the_table_has_the_keys_and_indexes_that_are_asked() {
    let (_, table) = resources("AWS::DynamoDB::Table").into_iter().next().unwrap();
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
    assert_eq!(
        texts(indexes.iter().map(|index| index["IndexName"].as_str().unwrap())),
        texts([DUE_INDEX, EXECUTIONS_INDEX, WAITING_INDEX, REQUESTERS_INDEX])
    );
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "expires");
}

#[test]
fn the_rules_listen_to_what_is_sent() {
    let sent = texts(DetailType::ALL.map(DetailType::as_str));
    for (name, rule) in resources("AWS::Events::Rule") {
        let pattern = &rule["EventPattern"];
        assert_eq!(pattern["source"], json!([SOURCE]), "{name}");
        for kind in pattern["detail-type"].as_array().into_iter().flatten() {
            assert!(sent.contains(kind.as_str().unwrap()), "{name} listens to {kind}");
        }
    }
}

/// A function that Lambda cuts off has left something undone, so each has longer than it takes at the worst.
#[test]
fn every_function_has_the_time_it_needs() {
    let functions = resources("AWS::Serverless::Function");
    let timeout = |name: &str| {
        let (_, properties) = functions.iter().find(|(function, _)| function == name).unwrap();
        Duration::from_secs(properties["Timeout"].as_u64().unwrap())
    };
    assert!(timeout("Webhook") > slack::PATIENCE);
    assert!(timeout("Notifier") > notify::LONGEST);
    assert!(timeout("Messenger") > messenger::LONGEST);
    assert!(timeout("Reconciler") > reconcile::LONGEST);
    assert!(timeout("Archivist") > archivist::LONGEST);
    assert!(timeout("Calculate") > calculate::LONGEST);
    let machine: Value = serde_json::from_str(include_str!("../../infra/state-machines/calculation.asl.json")).unwrap();
    let waits = machine["States"]["Calculate"]["TimeoutSeconds"].as_u64().unwrap();
    assert!(Duration::from_secs(waits) > timeout("Calculate"), "the state waits longer than its function runs");
}

/// The queue in memory, which the tests are made with, keeps the same numbers.
#[test]
fn the_queue_hands_out_one_delivery_of_a_place_at_a_time_as_often_as_the_code_has_it() {
    let queues: BTreeMap<String, Value> = resources("AWS::SQS::Queue").into_iter().collect();
    let queue = &queues["Deliveries"];
    assert_eq!((&queue["FifoQueue"], &queue["FifoThroughputLimit"]), (&json!(true), &json!("perMessageGroupId")));
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], TRIES_MAX);
    assert_eq!(queues["UndeliveredMessages"]["FifoQueue"], true, "what is set aside of a FIFO queue goes into another");
    assert_eq!(queue["VisibilityTimeout"].as_i64(), Some(VISIBILITY_TIMEOUT.as_secs()));
    let functions: BTreeMap<String, Value> = resources("AWS::Serverless::Function").into_iter().collect();
    let messenger = &functions["Messenger"];
    assert!(VISIBILITY_TIMEOUT.as_secs() >= 6 * messenger["Timeout"].as_i64().unwrap(), "as Lambda wants it");
    let mapping = &messenger["Events"]["Deliveries"]["Properties"];
    assert_eq!(
        (&mapping["BatchSize"], &mapping["FunctionResponseTypes"]),
        (&json!(1), &json!(["ReportBatchItemFailures"]))
    );
}

/// So does this one.
#[test]
fn the_queue_of_requests_hands_out_messages_as_often_as_the_code_has_it() {
    let queues: BTreeMap<String, Value> = resources("AWS::SQS::Queue").into_iter().collect();
    let queue = &queues["Requests"];
    assert_eq!(queue["FifoQueue"], Value::Null, "a service of another account can send without a group");
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], requests::TRIES_MAX);
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], json!({ "!GetAtt": "UntakenRequests.Arn" }));
    assert_eq!(queue["VisibilityTimeout"].as_i64(), Some(REQUESTS_VISIBILITY_TIMEOUT.as_secs()));
    let functions: BTreeMap<String, Value> = resources("AWS::Serverless::Function").into_iter().collect();
    let notifier = &functions["Notifier"];
    assert!(REQUESTS_VISIBILITY_TIMEOUT.as_secs() >= 6 * notifier["Timeout"].as_i64().unwrap(), "as Lambda wants it");
    let mapping = &notifier["Events"]["Requests"]["Properties"];
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
}

/// Accounts beside this one may send to the queue and nothing else, and only those that are named.
#[test]
fn only_named_accounts_and_organisations_may_send_to_the_queues() {
    let template = yaml(TEMPLATE);
    for queue in ["Requests", "ExecutionEnds"] {
        let policy = &template["Resources"][format!("{queue}Policy")];
        assert_eq!(policy["Condition"], "LetsOthersAsk");
        assert_eq!(policy["Properties"]["Queues"], json!([{ "!Ref": queue }]));
        let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
        for statement in statements {
            let (condition, it) = (&statement["!If"][0], &statement["!If"][1]);
            assert_eq!((&it["Effect"], &it["Action"]), (&json!("Allow"), &json!("sqs:SendMessage")));
            assert_eq!(it["Resource"], json!({ "!GetAtt": format!("{queue}.Arn") }));
            match condition.as_str().unwrap() {
                "LetsOrganizationAsk" => {
                    let organization = json!({ "!Ref": "RequestsFromOrganization" });
                    assert_eq!(it["Condition"], json!({ "StringEquals": { "aws:PrincipalOrgID": organization } }));
                }
                "LetsAccountsAsk" => {
                    assert_eq!(it["Principal"], json!({ "AWS": { "!Ref": "RequestsFromAccounts" } }));
                }
                other => panic!("{other} is not known"),
            }
        }
        assert_eq!(statements.len(), 2);
    }
}

#[test]
fn every_route_that_people_come_by_has_a_limit_of_its_own() {
    let (_, stage) = resources("AWS::ApiGatewayV2::Stage").into_iter().next().unwrap();
    let limited: BTreeMap<String, Value> = serde_json::from_value(stage["RouteSettings"].clone()).unwrap();
    let limited: BTreeMap<String, Value> = limited.into_iter().map(|(route, it)| (route, with_all(&it))).collect();
    let of_people = routes::ROUTES.into_iter().filter(|route| *route != "POST /calculations");
    assert_eq!(texts(limited.keys().map(String::as_str)), texts(of_people));
    for (route, limits) in &limited {
        assert_eq!(*limits, stage["DefaultRouteSettings"], "{route}");
        assert_eq!(limits["ThrottlingRateLimit"]["!Ref"], "ThrottlingRateLimit", "{route}");
    }
    // A stage that is made before its route is refused.
    let template = yaml(TEMPLATE);
    let stage = &template["Resources"]["HttpApiStage"];
    let conditional = with_all(&stage["Metadata"]["MailRoutes"]);
    let conditional = conditional.as_array().unwrap().iter().map(|route| route["!Ref"].clone());
    let first: Vec<Value> = stage["DependsOn"].as_array().unwrap().iter().cloned().chain(conditional).collect();
    for (name, route) in resources("AWS::ApiGatewayV2::Route") {
        let is_limited = limited.contains_key(route["RouteKey"].as_str().unwrap());
        assert_eq!(first.contains(&json!(name)), is_limited, "{name}");
    }
}

/// The doctor holds it against the version of the program.
#[test]
fn the_template_says_which_version_it_deploys() {
    assert_eq!(yaml(TEMPLATE)["Outputs"]["Version"]["Value"], env!("CARGO_PKG_VERSION"));
}

/// What is printed is found by what the dashboard searches for, and the dashboard is JSON.
#[test]
fn the_dashboard_shows_how_long_decisions_take() {
    let (_, dashboard) = resources("AWS::CloudWatch::Dashboard").into_iter().next().unwrap();
    let (body, names) = (&dashboard["DashboardBody"]["!Sub"][0], &dashboard["DashboardBody"]["!Sub"][1]);
    let schema = metrics::DIMENSIONS_OF_AN_END.join(",");
    let ends =
        format!(r#"{{Countersign,{schema}}} MetricName=\"{}\" Table=\"${{Approvals}}\""#, metrics::TIME_TO_DECISION);
    assert_eq!(names["Ends"]["!Sub"], ends);
    let parts = ["${Calculations}", "${CalculationAlarmArn}", "${MailAlarmArn}", "${ArchiveAlarmArns}"];
    let body = parts.iter().fold(body.as_str().unwrap().replace("${Ends}", &ends), |body, part| body.replace(part, ""));
    let body: Value = serde_json::from_str(&body).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter();
    let searches = widgets.filter_map(|widget| widget["properties"]["metrics"][0][0]["expression"].as_str());
    let expected = ["'p50')", "'p90')", "'SampleCount')"];
    let searches: Vec<&str> = searches.collect();
    assert_eq!(searches.len(), expected.len());
    for (search, statistic) in searches.iter().zip(expected) {
        assert!(search.starts_with("SEARCH('{Countersign,") && search.ends_with(statistic), "{search}");
    }
}

/// The query of a mail's link lets whoever has it decide.
#[test]
fn the_log_of_the_api_has_the_source_and_nothing_that_can_hold_a_query() {
    let (_, stage) = resources("AWS::ApiGatewayV2::Stage").into_iter().next().unwrap();
    let format = stage["AccessLogSettings"]["Format"].as_str().unwrap();
    let format: BTreeMap<String, String> = serde_json::from_str(format).unwrap();
    assert_eq!(format["sourceIp"], "$context.identity.sourceIp");
    for value in format.values() {
        let can_hold_one = ["path", "Path", "header", "query", "requestLine"].iter().any(|word| value.contains(word));
        assert!(value.starts_with("$context.") && !can_hold_one, "{value}");
    }
}

#[tokio::test]
async fn of_the_end_of_an_execution_only_its_arn_and_status_are_handed_on() {
    let functions: BTreeMap<String, Value> = resources("AWS::Serverless::Function").into_iter().collect();
    let rule = &functions["Reconciler"]["Events"]["ExecutionEnded"]["Properties"];
    let transformer = &rule["InputTransformer"];
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let event = json!({ "detail": {
        "executionArn": approval.request.execution, "status": "ABORTED", "input": "in secret", "output": "in secret"
    } });
    let mut handed_on = transformer["InputTemplate"].as_str().unwrap().to_owned();
    for (name, path) in transformer["InputPathsMap"].as_object().unwrap() {
        let path = path.as_str().unwrap().strip_prefix('$').unwrap().replace('.', "/");
        handed_on = handed_on.replace(&format!("<{name}>"), &event.pointer(&path).unwrap().to_string());
    }
    let handed_on: Value = serde_json::from_str(&handed_on).unwrap();
    let detail = json!({ "executionArn": approval.request.execution, "status": "ABORTED" });
    assert_eq!(handed_on, json!({ "source": "aws.states", "detail": detail }));
    // And that is all that the reconciler needs: it looks at the approval, whose execution has not ended.
    let woken = hear::wake(&harness.world.bot().app, handed_on).await;
    assert!(woken.unwrap_err().to_string().contains("the end of the execution does not show yet"));
}

/// The code of a folder without its tests. Whatever reads the environment names its variables as whole texts.
fn sources(folder: &str) -> String {
    let mut code = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true if path.ends_with("tests") => {}
                true => folders.push(path),
                false => code += fs::read_to_string(path).unwrap().split("#[cfg(test)]").next().unwrap(),
            }
        }
    }
    code
}
