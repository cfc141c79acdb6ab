//! A first policy, from nothing but addresses and the name of a channel: written, looked up, pushed.

use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_playground::fakes::Profile;
use countersign_tests::cases;
use countersign_tests::harness::Shared;
use serde_json::json;

use crate::support::chats::{CHANNEL, CONVERSATION, Chats};
use crate::support::emulators::{Case, Emulators};

pub(crate) fn cases() -> Vec<Case> {
    cases![people_and_a_channel_are_looked_up_and_pushed]
}

/// The stack of it, with a policy of its own beside the secret of the one that all cases share.
const STACK: &str = "first-policy";
const MAKE: &str = "
import json, sys, boto3
name, secret = sys.argv[1:]
key = lambda name, kind: {'AttributeName': name, 'KeyType': kind}
table = {
    'BillingMode': 'PAY_PER_REQUEST', 'KeySchema': [key('id', 'HASH'), key('item', 'RANGE')],
    'AttributeDefinitions': [{'AttributeName': it, 'AttributeType': 'S'} for it in ['id', 'item']],
}
machine = 'arn:aws:states:eu-west-1:000000000000:stateMachine:calculation'
outputs = {'TableName': {'Ref': 'Approvals'}, 'SecretId': secret, 'StateMachines': 'calculation=' + machine}
template = {
    'Resources': {'Approvals': {'Type': 'AWS::DynamoDB::Table', 'Properties': table}},
    'Outputs': {name: {'Value': value} for name, value in outputs.items()},
}
cloudformation = boto3.client('cloudformation')
cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
cloudformation.get_waiter('stack_create_complete').wait(StackName=name, WaiterConfig={'Delay': 1, 'MaxAttempts': 60})
";

async fn people_and_a_channel_are_looked_up_and_pushed(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    stack.ministack.run_script(MAKE, [STACK, stack.output("SecretId")].into_iter()).await?;
    for (id, name, email) in
        [("U0ADA", "Ada Lovelace", "ada@example.com"), ("U0GRACE", "Grace Hopper", "grace@example.com")]
    {
        let profile = Profile { real_name: name.to_owned(), email: email.to_owned(), ..Profile::default() };
        stack.slack.set_profile(id, profile);
    }
    let file = emulators.folder().join("first-policy.toml");
    let path = file.to_str().context("the folder has a name in UTF-8")?;
    let init = ["policy", "init", path, "--stack", STACK, "--email", "ada@example.com", "--email", "grace@example.com"];
    let init = [&init[..], &["--channel", "#finance", "--yes"]].concat();
    let (written, code) = stack.countersign(&emulators, &init).await?;
    assert_eq!(
        (&written["slackChannel"], &written["slackTeam"], code),
        (&json!(CHANNEL), &json!("T0TESTS"), Some(0)),
        "{written:#}"
    );
    assert_eq!(
        written["people"],
        json!([
            { "person": "ada", "name": "Ada Lovelace", "slack": "U0ADA", "teams": null },
            { "person": "grace", "name": "Grace Hopper", "slack": "U0GRACE", "teams": null },
        ])
    );
    let again = stack.countersign(&emulators, &init).await.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(again.contains("is there already: name another file, or say --force"), "{again}");
    let (pushed, code) = stack.countersign(&emulators, &["policy", "push", path, "--stack", STACK, "--yes"]).await?;
    assert_eq!(
        (&pushed["outcome"], &pushed["version"]["number"], code),
        (&json!("pushed"), &json!(1), Some(0)),
        "{pushed:#}"
    );

    // Linus is added by his address alone, and Teams is asked in as well.
    stack.teams.set_email(&Chats::teams_user("grace"), "grace@example.com");
    let text = std::fs::read_to_string(&file)?;
    let teams = format!("teams_conversation = \"{CONVERSATION}\"\nslack_channel");
    let text = text.replace("slack_channel", &teams).replace(
        "slack_teams = [\"T0TESTS\"]\n",
        "slack_teams = [\"T0TESTS\"]\nteams_tenants = [\"c0117e45-1671-4000-8000-0000000000a0\"]\n",
    );
    let text =
        format!("{text}\n[people.linus]   # joins us\nname = \"Linus Pauling\"\nemail = \"linus@example.com\"\n");
    std::fs::write(&file, &text)?;
    let push = ["policy", "push", path, "--stack", STACK, "--look-up-people", "--save", "--yes"];
    let (pushed, code) = stack.countersign(&emulators, &push).await?;
    assert_eq!((&pushed["outcome"], &pushed["saved"], code), (&json!("pushed"), &json!(true), Some(0)), "{pushed:#}");
    let grace = Chats::teams_user("grace").object_id;
    let found = json!([
        { "person": "linus", "chat": "slack", "problem": "not known" },
        { "person": "ada", "chat": "teams", "problem": "not known among the people of the conversations" },
        { "person": "grace", "chat": "teams", "id": grace },
        { "person": "linus", "chat": "teams", "problem": "not known among the people of the conversations" },
    ]);
    assert_eq!(pushed["lookedUp"], found, "{pushed:#}");
    let saved = std::fs::read_to_string(&file)?;
    let expected = text
        .replace("email = \"grace@example.com\"\n", &format!("email = \"grace@example.com\"\nteams = \"{grace}\"\n"));
    assert_eq!(saved, expected, "only the id is new");
    let (shown, _) = stack.countersign(&emulators, &["policy", "show", "--stack", STACK]).await?;
    ensure!(shown["text"] == saved, "{shown:#}");
    Ok(())
}
