//! The same click elsewhere: functions that others would write with a bot framework, listed in a file that the
//! installation of the peers leaves.
//!
//! A peer finds approval and task token in the button's value. It verifies Slack's signature, writes the decision down
//! unless there is one, completes the task and tells the bus: one call of AWS each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use axum::body::Bytes;
use countersign_tests::http::Http;
use http::{Request, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::Outcome;
use crate::function::Function;
use crate::services::{CHANNEL, Services, task_token};

/// A peer as the file lists it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    /// Program and arguments.
    command: Vec<String>,
    environment: BTreeMap<String, String>,
    /// What would be uploaded.
    zip: PathBuf,
    /// The same with what Lambda's runtime brings, which a function in Rust has in it.
    zip_with_runtime: PathBuf,
}

/// Approvals that a peer decides.
pub(crate) struct PeerApprovals<'a> {
    services: &'a Services,
    http: Http,
    asked: usize,
}

/// An approval that waits for a click.
pub(crate) struct Asked {
    id: String,
    token: String,
    /// The click, as API Gateway hands it over.
    pub(crate) click: Value,
}

/// The peers that a file lists.
pub(crate) fn listed(file: &Path, services: &Services) -> anyhow::Result<Vec<Function>> {
    let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let listed: Vec<Listed> = serde_json::from_slice(&text)?;
    let function = |peer: Listed| {
        let environment = [services.peer_environment(), peer.environment.into_iter().collect()].concat();
        Function::command(peer.name, &peer.command, [peer.zip, peer.zip_with_runtime], environment)
    };
    listed.into_iter().map(function).collect()
}

impl<'a> PeerApprovals<'a> {
    pub(crate) fn new(services: &'a Services) -> Self {
        Self { services, http: Http::new(), asked: 0 }
    }

    /// Posts a card like ours with two buttons, and presses Approve.
    pub(crate) async fn ask(&mut self) -> anyhow::Result<Asked> {
        self.asked += 1;
        // No token of ours begins with so high a number.
        let (id, token) = (format!("peer-approval-{}", self.asked), task_token(1_000_000 + self.asked));
        let value = json!({ "approvalId": id, "taskToken": token }).to_string();
        let button = |action: &str, text: &str| {
            json!({
                "type": "button", "action_id": action, "value": value,
                "text": { "type": "plain_text", "text": text },
            })
        };
        let card = json!({
            "channel": CHANNEL,
            "text": "Calculation 125 + 122",
            "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": "Calculation 125 + 122" } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "The sum was doubled by a third party." } },
                { "type": "section", "fields": [
                    { "type": "mrkdwn", "text": "*x*\n125" }, { "type": "mrkdwn", "text": "*y*\n122" },
                ] },
                { "type": "actions", "elements": [button("approve", "Approve"), button("reject", "Reject")] },
            ],
        });
        let request = Request::post(format!("{}/chat.postMessage", self.services.slack_url))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, Services::slack_authorization())
            .body(Bytes::from(card.to_string()).into())?;
        let answer: Value = serde_json::from_slice(self.http.send(request).await?.body())?;
        let ts = answer["ts"].as_str().with_context(|| format!("the card was answered {answer}"))?;
        Ok(Asked { id, token, click: self.services.click(ts)? })
    }

    /// Fails unless the click was answered as Slack expects, and record, task and bus all say so.
    pub(crate) fn check(&self, asked: &Asked, answer: &Value) -> anyhow::Result<()> {
        ensure!(answer["statusCode"] == 200, "a peer answered a click with {answer}");
        let found = self.services.aws.outcome(&asked.id, &asked.token);
        ensure!(found == Outcome::approved(), "a peer answered a click, and AWS says {found:?}");
        Ok(())
    }

    /// Fails unless the peer refuses a click that Slack has not signed, and lets a second click change nothing.
    pub(crate) async fn check_refusals(&mut self, peer: &Function) -> anyhow::Result<()> {
        let asked = self.ask().await?;
        let mut process = peer.start().await?;
        let mut forged = asked.click.clone();
        forged["headers"]["x-slack-signature"] = json!(format!("v0={}", "0".repeat(64)));
        let answer = process.invoke(&forged).await?.answer;
        let found = self.services.aws.outcome(&asked.id, &asked.token);
        ensure!(answer["statusCode"] == 401, "{} answered a forged click with {answer}", peer.name);
        ensure!(found == Outcome::default(), "{} carried out a forged click: {found:?}", peer.name);
        for _ in 0..2 {
            let answer = process.invoke(&asked.click).await?.answer;
            self.check(&asked, &answer)?;
        }
        process.kill().await
    }
}
