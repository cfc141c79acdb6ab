//! The messenger of the benchmark. It is the one of the bot, in this process and without a rest: its cards are there to be
//! pressed, and what it costs is bounded by the platforms and not by us.

use std::sync::Arc;

use anyhow::{Context, ensure};
use countersign_bot::approval::policy::Policy;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_bot::aws::eventbridge::EventBridgeBus;
use countersign_bot::aws::ses::Ses;
use countersign_bot::aws::sqs::SqsDeliveries;
use countersign_bot::aws::step_functions::AwsStepFunctions;
use countersign_bot::flow::app::{App, Ports};
use countersign_bot::flow::deliver::{Delivered, Received, deliver};
use countersign_bot::platforms::email::mailer::Mailer;
use countersign_bot::ports::{SecretValues, SystemClock};
use countersign_bot::startup::Bot;
use countersign_bot::startup::deployed::Deployed;
use serde_json::Value;

use crate::aws::Aws;
use crate::services::Environment;

/// A messenger that takes what is in the queue.
pub(crate) struct Messenger {
    app: App,
    aws: Aws,
}

impl Messenger {
    /// The messenger that this environment, this secret and this policy make.
    pub(crate) fn new(aws: &Aws, environment: &Environment, secret: &Value, policy: Policy) -> anyhow::Result<Self> {
        let secret = secret.as_object().context("the secret has keys")?.iter();
        let secret: SecretValues =
            secret.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().into())).collect();
        let lookup = |name: &str| environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let deployed = Deployed::read(lookup, Some(&secret))?;
        let config = aws.config();
        let step_functions = Arc::new(AwsStepFunctions::new(&config));
        let ports = Ports {
            store: Arc::new(DynamoDbStore::new(&config, deployed.table)),
            callbacks: step_functions.clone(),
            executions: step_functions,
            bus: Arc::new(EventBridgeBus::new(&config, deployed.bus)),
            deliveries: Arc::new(SqsDeliveries::new(&config, deployed.deliveries)),
            clock: Arc::new(SystemClock),
        };
        let from = deployed.config.mail.as_ref().context("mail is on")?.from.clone();
        let mailer = Mailer::new(Ses::new(&config, None), from);
        let app = Bot::new(&deployed.config, policy, ports, Some(mailer))?.app;
        Ok(Self { app, aws: aws.clone() })
    }

    /// Leaves what is in the queue undone: nobody looks at the copies of what was decided.
    pub(crate) fn leave(&self) {
        drop(self.aws.take_deliveries());
    }

    /// Makes everything that is in the queue.
    pub(crate) async fn deliver(&self) -> anyhow::Result<()> {
        for body in self.aws.take_deliveries() {
            let received = Received { subject: serde_json::from_str(&body)?, tries: 1 };
            let delivered = deliver(&self.app, &received).await;
            ensure!(matches!(delivered, Delivered::Yes { .. }), "{received:?}: {delivered:?}");
        }
        Ok(())
    }
}
