//! From an empty account to the first approval, in both chats, by the steps of the page that leads there. Each step is
//! played in its order, so that the page cannot leave one out, and they are counted.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_playground::fakes::Profile;
use countersign_tests::cases;
use countersign_tests::patience::until;
use serde_json::json;

use crate::support::calculation::{Calculation, arn_in};
use crate::support::chats::{CHANNEL, CONVERSATION, Chats};
use crate::support::deployable::Deployable;
use crate::support::emulators::{Case, Emulators};
use crate::support::stack::{NAME, Stack};

const PAGE: &str = include_str!("../../docs/first-approval.md");

pub(crate) fn cases() -> Vec<Case> {
    cases![the_steps_of_the_page_lead_to_an_approval_in_both_chats]
}

/// What a person has still to do by a section of the page.
struct Steps {
    section: &'static str,
    left: VecDeque<&'static str>,
}

impl Steps {
    /// Those of a section, of which there are no more than so many, those of before it included.
    fn of(section: &'static str, most: usize) -> Self {
        let text = PAGE.split("\n## ").find_map(|text| text.strip_prefix(section)).expect("the page has the section");
        let number = |line: &&str| line.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok());
        let left: VecDeque<&str> = text.lines().filter(number).collect();
        let last = left.back().and_then(|step| step.split_once('.')?.0.parse::<usize>().ok());
        assert!(last.is_some_and(|last| last <= most), "{section}: {last:?} steps, at most {most}");
        Self { section, left }
    }

    /// The next step, which has these words.
    fn next(&mut self, words: &str) {
        let step = self.left.pop_front().unwrap_or_default();
        assert!(step.contains(words), "{}: the next step is “{step}”, and not “{words}”", self.section);
    }

    /// Nothing is left to do.
    fn end(self) {
        assert!(self.left.is_empty(), "{}: {:?} are left", self.section, self.left);
    }
}

async fn the_steps_of_the_page_lead_to_an_approval_in_both_chats(emulators: Arc<Emulators>) -> anyhow::Result<()> {
    let (mut slack, mut teams) = (Steps::of("In Slack", 10), Steps::of("In Microsoft Teams", 14));
    slack.next("Unpack the release");
    let release = Deployable::whole(&emulators, "first-approval")?;
    slack.next("Deploy");
    let stack = Stack::deploy_with_program(&emulators, "first-approval", &release).await?;
    set_slack_up(&emulators, &stack, &mut slack).await?;
    let conversation = set_teams_up(&emulators, &stack, &release, &mut teams).await?;
    push_policy(&emulators, &stack, &release, &conversation, (&mut slack, &mut teams)).await?;

    slack.next("ask for something");
    let in_slack =
        until("the functions go by the policy", async || Ok(Calculation::start(&stack, 125, 122).await.ok())).await?;
    slack.next("presses **Approve**");
    in_slack.decide("grace", "approve", None).await?;
    ensure!(in_slack.ended().await?.output.unwrap_or_default()["result"] == 494);
    in_slack.closed_card().await?;

    teams.next("@Countersign start 125 122");
    let ada = Chats::teams_user("ada");
    ensure!(stack.teams.say(&ada, CONVERSATION, "<at>Countersign</at> start 3 4").await? == 200);
    let execution = until("Teams is told what was started", async || {
        let told = stack.teams.messages(CONVERSATION).into_iter();
        Ok(told.map(|message| message.text).find_map(|text| arn_in(&text).filter(|arn| *arn != in_slack.execution)))
    })
    .await?;
    let in_teams = Calculation::of(&stack, 3, 4, execution).await?;
    teams.next("presses **Approve**");
    in_teams.approved_in_teams().await?;
    ensure!(in_teams.ended().await?.output.unwrap_or_default()["result"] == 14);
    in_teams.closed_teams_card().await?;
    slack.end();
    teams.end();
    Ok(())
}

/// Makes the app and gives the program its secrets.
async fn set_slack_up(emulators: &Emulators, stack: &Stack, steps: &mut Steps) -> anyhow::Result<()> {
    for (id, name, email) in
        [("U0ADA", "Ada Lovelace", "ada@example.com"), ("U0GRACE", "Grace Hopper", "grace@example.com")]
    {
        let profile = Profile { real_name: name.to_owned(), email: email.to_owned(), ..Profile::default() };
        stack.slack.set_profile(id, profile);
    }
    steps.next("Have the Slack app made");
    steps.next("Install to Workspace");
    steps.next("Copy the signing secret");
    steps.next("Invite the bot");
    let set_up = ["slack", "--stack", NAME, "--channel", "finance"];
    let (report, code) = stack.countersign_reading(emulators, &set_up, &Chats::slack_secrets()).await?;
    ensure!(
        (&report["secrets"], &report["channel"], code) == (&json!("stored"), &json!(CHANNEL), Some(0)),
        "{report:#}"
    );
    Ok(())
}

/// Gives the program what was made at Microsoft, adds the app to the conversation, and gives the line of its hello.
async fn set_teams_up(
    emulators: &Emulators,
    stack: &Stack,
    release: &Deployable,
    steps: &mut Steps,
) -> anyhow::Result<String> {
    for key in ["ada", "grace"] {
        stack.teams.set_email(&Chats::teams_user(key), &format!("{key}@example.com"));
    }
    steps.next("countersign teams");
    steps.next("register an app");
    steps.next("client secret");
    steps.next("make an Azure Bot");
    steps.next("Microsoft Teams");
    steps.next("Give the program");
    let folder = release.file("manifests");
    let folder = folder.to_str().context("the folder has a name in UTF-8")?;
    let [app_id, tenant, password] = Chats::teams_secrets();
    let set_up = ["teams", "--stack", NAME, "--app-id", app_id, "--tenant", tenant, "--output", folder];
    let (report, code) = stack.countersign_reading(emulators, &set_up, &format!("{password}\n")).await?;
    ensure!((&report["secrets"], code) == (&json!("stored"), Some(0)), "{report:#}");
    steps.next("Upload");
    ensure!(release.file("manifests").join("teams.zip").is_file());
    steps.next("Add the app");
    let ada = Chats::teams_user("ada");
    until("the bot says hello", async || {
        ensure!(stack.teams.install(&ada, CONVERSATION).await? == 200);
        let mut told = stack.teams.messages(CONVERSATION).into_iter().map(|message| message.text);
        Ok(told.find_map(|text| Some(text[text.find("teams_conversation = ")?..].split('`').next()?.to_owned())))
    })
    .await
}

/// Writes the policy, and puts it in force.
async fn push_policy(
    emulators: &Emulators,
    stack: &Stack,
    release: &Deployable,
    conversation: &str,
    (slack, teams): (&mut Steps, &mut Steps),
) -> anyhow::Result<()> {
    let policy = release.policy();
    slack.next("Say who decides");
    teams.next("policy init");
    let init =
        ["policy", "init", policy, "--stack", NAME, "--email", "grace@example.com", "--email", "ada@example.com"];
    let init = [&init[..], &["--channel", "finance", "--teams-conversation", conversation, "--yes"]].concat();
    let (written, code) = stack.countersign(emulators, &init).await?;
    ensure!(code == Some(0), "{written:#}");
    let id = |key| Chats::teams_user(key).object_id;
    let people = json!([
        { "person": "grace", "name": "Grace Hopper", "slack": "U0GRACE", "teams": id("grace") },
        { "person": "ada", "name": "Ada Lovelace", "slack": "U0ADA", "teams": id("ada") },
    ]);
    ensure!(written["people"] == people, "{written:#}");
    let found = [&written["slackChannel"], &written["teamsConversation"], &written["teamsTenant"]];
    ensure!(found == [CHANNEL, CONVERSATION, Chats::teams_secrets()[1]], "{written:#}");
    slack.next("Put that in force");
    teams.next("policy push");
    let push = ["policy", "push", policy, "--stack", NAME, "--yes"];
    let (pushed, code) = stack.countersign(emulators, &push).await?;
    ensure!((&pushed["outcome"], code) == (&json!("pushed"), Some(0)), "{pushed:#}");
    Ok(())
}
