//! What our functions are given: requests of a workflow to raise, clicks of a person to carry out, and whether the
//! right thing came of it.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::aws::Outcome;
use crate::services::{ACCOUNT, CHANNEL, CONVERSATION, Services, task_token};

/// Approvals that are raised by the notifier and decided through the webhook.
pub(crate) struct Approvals<'a> {
    services: &'a Services,
    raised: usize,
}

/// An approval that waits for a click.
pub(crate) struct Pending {
    id: String,
    token: String,
    ts: String,
}

impl<'a> Approvals<'a> {
    pub(crate) fn new(services: &'a Services) -> Self {
        Self { services, raised: 0 }
    }

    /// The next request of a workflow, with the token that it waits on.
    pub(crate) fn request(&mut self) -> (String, Value) {
        self.raised += 1;
        let token = task_token(self.raised);
        let event = json!({
            "taskToken": token,
            "executionArn": format!("arn:aws:states:eu-west-1:{ACCOUNT}:execution:calculation:run-{}", self.raised),
            "stateEnteredAt": self.services.clock.now().to_string(),
            "timeoutSeconds": 86_400,
            "approval": {
                "policy": "calculation",
                "title": "Calculation 125 + 122",
                "summary": "The sum was doubled by a third party.",
                "facts": [{ "name": "x", "value": "125" }, { "name": "y", "value": "122" }],
                "requestedBy": "ada",
                "correlation": { "run": self.raised },
            },
        });
        (token, event)
    }

    /// The approval that the notifier has raised, once it is found on record, in both channels and in the mail.
    pub(crate) fn raised(&self, token: String, answer: &Value) -> anyhow::Result<Pending> {
        let Services { aws, slack, teams, .. } = self.services;
        let id = answer["approvalId"].as_str().with_context(|| format!("the notifier answered {answer}"))?.to_owned();
        let expected = Outcome { status: Some("pending".to_owned()), output: None, broadcasts: 0 };
        let found = aws.outcome(&id, &token);
        ensure!(found == expected, "an approval was raised, and AWS says {found:?}");
        ensure!(aws.mails() == self.raised, "{} requests, {} mails", self.raised, aws.mails());
        let card = slack.latest_message(CHANNEL).context("there is no card in Slack")?;
        ensure!(card.blocks.to_string().contains(&id), "the latest card in Slack is not the one of this approval");
        let posted = teams.latest_message(CONVERSATION).and_then(|message| message.card);
        let posted = posted.context("there is no card in Teams")?;
        ensure!(posted.to_string().contains(&id), "the latest card in Teams is not the one of this approval");
        Ok(Pending { id, token, ts: card.ts })
    }

    /// How many calls of AWS were made so far.
    pub(crate) fn calls(&self) -> usize {
        self.services.aws.calls()
    }

    /// Grace presses Approve.
    pub(crate) fn click(&self, pending: &Pending) -> anyhow::Result<Value> {
        self.services.click(&pending.ts)
    }

    /// Fails unless the click was answered as Slack expects, and record, task and bus all say so.
    pub(crate) fn check_click(&self, pending: &Pending, answer: &Value) -> anyhow::Result<()> {
        ensure!(answer["statusCode"] == 200, "a click was answered {answer}");
        let found = self.services.aws.outcome(&pending.id, &pending.token);
        ensure!(found == Outcome::approved(), "a click was answered, and AWS says {found:?}");
        let whispers = self.services.slack.ephemerals();
        ensure!(whispers.is_empty(), "a click that counts needs no note: {whispers:?}");
        Ok(())
    }
}
