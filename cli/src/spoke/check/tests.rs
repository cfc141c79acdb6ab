use std::sync::Mutex;

use countersign_bot::approval::policy_version::PolicyVersion;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::ports::Policies;
use serde_json::{Value, json};

use super::*;
use crate::aws::fake;

const ACCOUNT: &str = "111122223333";
const ROLES: &str = "arn:aws:iam::123456789012:role/webhook,arn:aws:iam::123456789012:role/notifier";
const POLICY: &str = "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.pay]\napprovers = [\"ada\"]\n\
    [accounts.111122223333]\nname = \"payments\"\nregions = [\"eu-west-1\", \"us-east-1\"]\n";

type Outputs = Vec<(&'static str, &'static str)>;

/// A deployment and an account that may ask it, both of which a test may change.
struct Company {
    hub: Outputs,
    spoke: Outputs,
    policy: String,
    found: (Value, bool),
}

impl Default for Company {
    fn default() -> Self {
        let said = [
            ("HubRoleArns", ROLES),
            ("ExternalId", "3f1c"),
            ("RequestsArn", "arn:aws:sqs:eu-west-1:123456789012:requests"),
            ("ExecutionEndsArn", "arn:aws:sqs:eu-west-1:123456789012:ends"),
        ];
        let own = [
            ("TableName", "approvals"),
            ("ReconcilerFunction", "reconciler"),
            ("SpokeRole", "countersign-spoke"),
            ("RequestsFrom", ",111122223333,444455556666"),
        ];
        let regions =
            ["eu-west-1", "us-east-1"].map(|region| json!({ "region": region, "lookUp": null, "complete": null }));
        Self {
            hub: [own, said].concat(),
            spoke: said.into(),
            policy: POLICY.to_owned(),
            found: (json!(regions), false),
        }
    }
}

impl Company {
    /// What is said of the account, with a login there or without.
    async fn lines(self, with_login: bool) -> Vec<String> {
        let Self { hub, spoke, policy, found } = self;
        let stack = |outputs: Outputs| {
            let outputs = outputs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            ("UPDATE_COMPLETE".to_owned(), outputs.collect())
        };
        let aws = fake::serve(fake::Account {
            stacks: [("countersign".to_owned(), stack(hub))].into(),
            tables: Mutex::new([("approvals".to_owned(), [].into())].into()),
            invocations: [("reconciler".to_owned(), found)].into(),
            ..fake::Account::default()
        })
        .await;
        let there = fake::serve(fake::Account {
            stacks: [("countersign-spoke".to_owned(), stack(spoke))].into(),
            ..fake::Account::default()
        })
        .await;
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let version = PolicyVersion::after(0, policy, fake::CALLER.to_owned(), now);
        let store = DynamoDbStore::new(aws.config(), "approvals".to_owned());
        assert!(store.push(&version).await.unwrap());
        let login = with_login.then_some(&there);
        let lines = lines(&aws, "countersign", ACCOUNT, login, "countersign-spoke").await.unwrap();
        lines.iter().map(ToString::to_string).collect()
    }

    /// What would fail, when something is changed.
    async fn failures(change: impl FnOnce(&mut Self)) -> Vec<String> {
        let mut company = Self::default();
        change(&mut company);
        company.lines(true).await.into_iter().filter(|line| line.starts_with("FAIL")).collect()
    }
}

fn set(outputs: &mut Outputs, name: &str, value: Option<&'static str>) {
    outputs.retain(|(known, _)| *known != name || value.is_some());
    for (_, known) in outputs.iter_mut().filter(|(known, _)| *known == name) {
        *known = value.unwrap_or_default();
    }
}

#[tokio::test]
async fn nothing_is_missing() {
    let lines = Company::default().lines(true).await;
    assert!(lines.iter().all(|line| line.starts_with("ok ")), "{lines:#?}");
    assert_eq!(lines.len(), 3 + 4 + 5);
    let without = Company::default().lines(false).await;
    assert!(without.last().unwrap().starts_with("skipped "), "{without:#?}");
}

#[tokio::test]
async fn each_thing_that_is_missing_is_said_with_what_to_do() {
    type Case = (&'static str, &'static str, fn(&mut Company));
    let cases: [Case; 8] = [
        ("listed", "add [accounts.111122223333]", |it| it.policy = POLICY.replace("111122223333", "777788889999")),
        ("queue policy", "RequestsFromAccounts", |it| set(&mut it.hub, "RequestsFrom", Some(",444455556666"))),
        ("role name", "set the parameter SpokeRole", |it| set(&mut it.hub, "SpokeRole", None)),
        ("role name", "make them the same", |it| set(&mut it.hub, "SpokeRole", Some("other"))),
        ("external id", "the parameter ExternalId", |it| set(&mut it.spoke, "ExternalId", Some("other"))),
        ("trust", "the parameter HubRoleArns", |it| set(&mut it.spoke, "HubRoleArns", Some("other"))),
        ("rule", "the parameter ExecutionEndsArn", |it| set(&mut it.spoke, "ExecutionEndsArn", Some("other"))),
        ("role", "see its log", |it| it.found = (json!({ "errorMessage": "x" }), true)),
    ];
    for (name, words, change) in cases {
        let failures = Company::failures(change).await;
        let [failure] = &failures[..] else { panic!("{name}: {failures:#?}") };
        assert!(failure["FAIL     ".len()..].starts_with(name) && failure.contains(words), "{failure}");
    }
}

#[tokio::test]
async fn what_the_function_finds_is_said_for_each_region() {
    let failures = Company::failures(|it| {
        it.found.0 = json!([
            { "region": "eu-west-1", "lookUp": "STS: AccessDenied", "complete": "STS: AccessDenied" },
            { "region": "us-east-1", "lookUp": null, "complete": "AccessDeniedException" },
        ]);
    })
    .await;
    let [look_up, complete, elsewhere] = &failures[..] else { panic!("{failures:#?}") };
    assert!(look_up.contains("look up eu-west-1") && look_up.contains("the role is not there"), "{look_up}");
    assert!(complete.contains("complete eu-west-1"), "{complete}");
    assert!(elsewhere.contains("the role lacks states:SendTaskFailure"), "{elsewhere}");
}
