//! The examples of `docs/your-workflow.md` on the deployed system: each is started from a chat with the fields of its
//! command, is approved and refused, and is told nothing in time.
//!
//! What does not run on the local engine runs here: another state machine, a queue, functions. ministack lets a task wait on
//! whose function has refused what it asks for, so what is refused is left to the local engine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use countersign_playground::engine::Function;
use countersign_playground::fakes::SlackMessage;
use countersign_playground::fakes::teams::TeamsMessage;
use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::{Value, json};

use crate::support::calculation::arn_in;
use crate::support::chats::Chats;
use crate::support::emulators::{Case, Emulators};
use crate::support::router::function;
use crate::support::stack::Stack;
use crate::support::step_functions::{self, ended};

/// The role of the functions that stand in for those of somebody's own: where roles are enforced, it has to be there.
const ROLE: &str = "import boto3; boto3.client('iam').create_role(RoleName='functions', AssumeRolePolicyDocument='{}')";

/// What people are given where they are to be late, and what stands in the files.
const SHORT: &str = "20";
const TIMEOUTS: [&str; 2] = ["259200", "3600"];

/// The button that opens a form to approve in.
const IN_FORM: &str = "approve_in_form";
/// What whoever approves answers: the account, and the box that confirms.
const ANSWERS: [&str; 2] = ["Travel", "confirmed"];

pub(crate) fn cases() -> Vec<Case> {
    cases![a_release, an_expense, an_agent, the_policies_are_those_of_the_examples]
}

fn file(example: &str, name: &str) -> anyhow::Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/examples").join(example);
    Ok(std::fs::read_to_string(folder.join(name))?)
}

/// An example that is deployed, and where it asks.
struct Example<'a> {
    stack: &'a Stack,
    name: &'static str,
    channel: String,
    conversation: String,
}

/// The card of a request in one of the chats.
enum Card {
    Slack(SlackMessage),
    Teams(TeamsMessage),
}

impl<'a> Example<'a> {
    /// Deploys the file with what its placeholders stand for, and once more with little time.
    async fn deploy(
        stack: &'a Stack,
        (name, place): (&'static str, &str),
        substitutions: &BTreeMap<&str, &str>,
    ) -> anyhow::Result<Self> {
        let mut definition = file(name, &format!("{name}.asl.json"))?;
        for (placeholder, value) in substitutions {
            definition = definition.replace(&format!("${{{placeholder}}}"), value);
        }
        definition = definition.replace("${NotifierArn}", stack.output("NotifierArn"));
        stack.create_machine(name, &definition).await?;
        for timeout in TIMEOUTS {
            for field in ["timeoutSeconds", "TimeoutSeconds"] {
                definition = definition.replace(&format!("\"{field}\": {timeout}"), &format!("\"{field}\": {SHORT}"));
            }
        }
        stack.create_machine(&format!("{name}-short"), &definition).await?;
        let channel = format!("C0{}", place.to_ascii_uppercase());
        Ok(Self { stack, name, channel, conversation: format!("19:{place}@thread.tacv2") })
    }

    /// Linus types this in Slack; gives the execution.
    async fn started_in_slack(&self, values: &str) -> anyhow::Result<String> {
        let (linus, typed) = (Chats::slack_user("linus"), format!("{} {values}", self.name));
        let answer = self.stack.slack.command(&linus, &self.channel, "/start", &typed).await;
        arn_in(answer.text.as_deref().unwrap_or_default()).with_context(|| format!("{typed}: {answer:?}"))
    }

    /// Linus writes this in Teams; gives the execution.
    async fn started_in_teams(&self, values: &str) -> anyhow::Result<String> {
        let (linus, typed) = (Chats::teams_user("linus"), format!("start {} {values}", self.name));
        assert_eq!(self.stack.teams.say(&linus, &self.conversation, &typed).await?, 200);
        let mut said = self.stack.teams.messages(&self.conversation).into_iter().rev();
        let started = said.find(|message| message.text.starts_with("Started: ")).context("the bot answers")?;
        arn_in(&started.text).with_context(|| format!("{typed}: {}", started.text))
    }

    /// Starts it with little time; gives the execution.
    async fn started_late(&self, input: &Value) -> anyhow::Result<String> {
        let machine = format!("arn:aws:states:eu-west-1:000000000000:stateMachine:{}-short", self.name);
        step_functions::start(&self.stack.step_functions(), &machine, input).await
    }

    /// Waits for the card in Slack that shows all of this.
    async fn in_slack(&self, shows: &[&str]) -> anyhow::Result<Card> {
        let card = async || {
            let is_it = |message: &SlackMessage| shows.iter().all(|text| message.blocks.to_string().contains(text));
            Ok(self.stack.slack.messages(&self.channel).into_iter().find(is_it).map(Card::Slack))
        };
        until(&format!("a card in Slack shows {shows:?}"), card).await
    }

    /// The same in Teams.
    async fn in_teams(&self, shows: &[&str]) -> anyhow::Result<Card> {
        let card = async || {
            let is_it = |message: &TeamsMessage| {
                let card = message.card.as_ref().map(Value::to_string).unwrap_or_default();
                shows.iter().all(|text| card.contains(text))
            };
            Ok(self.stack.teams.messages(&self.conversation).into_iter().find(is_it).map(Card::Teams))
        };
        until(&format!("a card in Teams shows {shows:?}"), card).await
    }

    /// Presses until it is answered: on a busy machine the chat may give up before the bot has answered, and a card that
    /// has closed meanwhile has no button any more.
    async fn press(&self, who: &str, card: &Card, verb: &str, text: &str) -> anyhow::Result<()> {
        until(&format!("{who} has pressed {verb}"), async || {
            Ok(match card {
                Card::Slack(SlackMessage { ts, blocks, .. }) => {
                    let asks = verb == "approve" && blocks.to_string().contains(IN_FORM);
                    let (user, action) = (Chats::slack_user(who), if asks { IN_FORM } else { verb });
                    let mut pressed = self.stack.slack.press(&user, &self.channel, ts, action, Some(text)).await;
                    if asks && self.stack.slack.open_view(&user.id).is_some() {
                        let [account, confirmed] = ANSWERS;
                        let values = [("input.account", account), ("confirmed", confirmed)];
                        pressed = self.stack.slack.submit(&user, &values).await.map(|answer| answer.status);
                    }
                    let mut messages = self.stack.slack.messages(&self.channel).into_iter();
                    let now = messages.find(|message| message.ts == *ts);
                    let is_open = now.is_some_and(|message| message.blocks.to_string().contains("\"button\""));
                    (matches!(pressed, Ok(200)) || !is_open).then_some(())
                }
                Card::Teams(TeamsMessage { id, card, .. }) => {
                    let input = if verb == "reject" { "reason" } else { "comment" };
                    let [account, _] = ANSWERS;
                    let card = card.as_ref().map(Value::to_string).unwrap_or_default();
                    let answers = [("field.account", account), ("confirmed", "true")].into_iter();
                    let answers =
                        answers.filter(|(name, _)| verb == "approve" && card.contains(&format!("\"{name}\"")));
                    let inputs: Vec<(&str, &str)> = answers.chain([(input, text)]).collect();
                    let pressed = self.stack.teams.press(&Chats::teams_user(who), id, verb, &inputs).await;
                    pressed.is_ok_and(|pressed| pressed.status == 200).then_some(())
                }
            })
        })
        .await
    }

    /// The output of an execution that succeeds.
    async fn output(&self, execution: &str) -> anyhow::Result<Value> {
        let ended = ended(&self.stack.step_functions(), execution).await?;
        assert_eq!(ended.status.as_str(), "SUCCEEDED", "{ended:?}");
        ended.output.context("a success has an output")
    }
}

async fn a_release(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let deployment = json!({
        "QueryLanguage": "JSONata", "StartAt": "Deploy",
        "States": { "Deploy": { "Type": "Pass", "Output": { "deployed": "{% $states.input.version %}" }, "End": true } },
    });
    let deployment = stack.create_machine("deployment", &deployment.to_string()).await?;
    let example =
        Example::deploy(stack, ("release", "releases"), &BTreeMap::from([("DeploymentArn", &*deployment)])).await?;

    let execution = example.started_in_slack("7.0.1 production").await?;
    example.press("ada", &example.in_slack(&["7.0.1"]).await?, "approve", "").await?;
    example.press("grace", &example.in_teams(&["7.0.1"]).await?, "approve", "Ship it.").await?;
    let output = example.output(&execution).await?;
    assert_eq!((&output["status"], &output["environment"]), (&json!("deployed"), &json!("production")), "{output}");
    assert_eq!(output["deployment"], json!({ "deployed": "7.0.1" }), "the other machine was told what was approved");
    assert_eq!(output["decision"]["decidedBy"].as_array().map(Vec::len), Some(2), "{output}");

    let execution = example.started_in_teams("7.0.2").await?;
    example.press("grace", &example.in_teams(&["7.0.2", "staging"]).await?, "reject", "Not now.").await?;
    let output = example.output(&execution).await?;
    assert_eq!(
        (&output["status"], &output["decision"]["decidedBy"][0]["comment"]),
        (&json!("rejected"), &json!("Not now."))
    );

    let input = json!({ "version": "7.0.3", "environment": "staging", "requestedBy": "linus" });
    let execution = example.started_late(&input).await?;
    assert_eq!(example.output(&execution).await?, json!({ "status": "expired" }));
    Ok(())
}

async fn an_expense(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let created = stack.ministack.operate("sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": "payments" })).await?;
    let payments = created["QueueUrl"].as_str().context("the queue has an address")?;
    let example = Example::deploy(stack, ("expense", "expenses"), &BTreeMap::from([("PaymentsUrl", payments)])).await?;

    let receipt = "https://receipts.example.com/17";
    let execution = example.started_in_teams(&format!("249.5 \"The train\" 2026-11-23 grace {receipt}")).await?;
    let first = example.in_slack(&["Expense: 249.50 EUR", receipt]).await?;
    example.press("ada", &first, "approve", "").await?;
    example.press("grace", &first, "approve", "").await?;
    let second = example.in_teams(&["Payment of 249.50 EUR", "Grace Hopper"]).await?;
    example.press("katherine", &second, "approve", "").await?;
    let output = example.output(&execution).await?;
    let people = [0, 1].map(|stage| output["approvedBy"][stage]["person"].clone());
    assert_eq!((&output["status"], people), (&json!("paid"), [json!("grace"), json!("katherine")]), "{output}");
    let paid = stack.ministack.queued(payments).await?;
    let [order] = paid.as_slice() else { panic!("one payment is ordered: {paid:?}") };
    let expected = (&json!("linus"), &json!("249.50"), &json!("Travel"));
    assert_eq!((&order["to"], &order["amount"], &order["account"]), expected, "{order}");

    let execution = example.started_in_slack("31 \"The hotel\" 2026-11-23 ada").await?;
    example.press("ada", &example.in_slack(&["Expense: 31.00 EUR"]).await?, "approve", "").await?;
    let second = example.in_slack(&["Payment of 31.00 EUR"]).await?;
    example.press("katherine", &second, "reject", "Not this month.").await?;
    let output = example.output(&execution).await?;
    assert_eq!(
        (&output["status"], &output["decision"]["decidedBy"][0]["person"]),
        (&json!("rejected"), &json!("katherine"))
    );

    let input = json!({ "amount": 33, "purpose": "x", "day": "2026-11-23", "manager": "ada", "receipt": null, "requestedBy": "linus" });
    let execution = example.started_late(&input).await?;
    assert_eq!(example.output(&execution).await?, json!({ "status": "expired" }));
    assert_eq!(stack.ministack.queued(payments).await?.len(), 1, "nothing else is paid");
    Ok(())
}

async fn an_agent(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let stack = emulators.stack().await?;
    let mocks: Value = serde_json::from_str(&file("agent", "agent.mocks.json")?)?;
    let plan = mocks["MockedResponses"]["Calls"]["0"]["Return"]["Payload"].clone();
    let made = Arc::new(Mutex::new(Vec::new()));
    let making = made.clone();
    let functions: Vec<(&str, Function)> = vec![
        ("plan-calls", function(move |_| std::future::ready(Ok(plan.clone())))),
        (
            "run-tool",
            function(move |call| {
                making.lock().unwrap().push(call);
                std::future::ready(Ok(json!({ "ok": true })))
            }),
        ),
    ];
    stack.ministack.run_script(ROLE, std::iter::empty()).await?;
    stack.ministack.create_functions(functions).await?;
    let placeholders = BTreeMap::from([("AgentArn", "plan-calls"), ("ToolsArn", "run-tool")]);
    let example = Example::deploy(stack, ("agent", "support"), &placeholders).await?;

    let execution = example.started_in_slack("C-71 \"It came broken.\"").await?;
    let refund = example.in_teams(&["use refund", "C-71", "A-17"]).await?;
    let mail = example.in_slack(&["use send_mail", "C-71"]).await?;
    until("the harmless call is made", async || Ok((made.lock().unwrap().len() == 1).then_some(()))).await?;
    example.press("ada", &refund, "approve", "").await?;
    example.press("grace", &mail, "reject", "Too short.").await?;
    let output = example.output(&execution).await?;
    let calls = &output["calls"];
    let statuses: Vec<&Value> =
        calls.as_array().context("there are calls")?.iter().map(|call| &call["status"]).collect();
    assert_eq!(statuses, ["done", "done", "rejected"], "{output}");
    assert_eq!((&calls[1]["approvedBy"], &calls[2]["reason"]), (&json!("ada"), &json!("Too short.")), "{output}");
    let tools: Vec<Value> = made.lock().unwrap().iter().map(|call| call["tool"].clone()).collect();
    assert_eq!(tools, ["find_order", "refund"], "what is made is what was approved");

    let execution = example.started_in_teams("C-72 \"It came late.\"").await?;
    example.press("grace", &example.in_slack(&["use refund", "C-72"]).await?, "approve", "").await?;
    example.press("grace", &example.in_teams(&["use send_mail", "C-72"]).await?, "approve", "").await?;
    assert_eq!(example.output(&execution).await?["calls"][2]["approvedBy"], "grace");

    let input = json!({ "customer": "C-73", "task": "x", "requestedBy": "linus" });
    let late = example.output(&example.started_late(&input).await?).await?;
    assert_eq!(
        (&late["calls"][0]["status"], &late["calls"][1]["status"]),
        (&json!("done"), &json!("expired")),
        "{late}"
    );
    Ok(())
}

/// What is deployed here is what the documentation shows.
async fn the_policies_are_those_of_the_examples(_: Arc<Emulators>) -> anyhow::Result<()> {
    let deployed = include_str!("policy.toml");
    for example in ["release", "expense", "agent"] {
        let policy = file(example, "policy.toml")?;
        let (_, rules) = policy.split_once("\n[policies.").context("there are policies")?;
        assert!(deployed.contains(rules), "{example}");
        let (_, groups) = policy.split_once("[groups]\n").context("there are groups")?;
        for group in groups.lines().take_while(|line| !line.is_empty()) {
            assert!(deployed.contains(&format!("\n{group}\n")), "{example}: {group}");
        }
    }
    Ok(())
}
