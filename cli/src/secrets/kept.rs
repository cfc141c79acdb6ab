//! The secrets of a stack, and whether its functions can use them.

use anyhow::{anyhow, bail};
use countersign_bot::ports::SecretValues;
use countersign_bot::startup::deployed::Deployed;

use crate::aws::secret::Secret;
use crate::aws::{Aws, Refused};
use crate::deployment::Deployment;
use crate::patience::waiting;
use crate::stack::Stack;

/// What the functions are told beside the secret; what it is does not matter to what the secret may hold.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("COUNTERSIGN_PUBLIC_URL", "https://countersign.example"),
    ("COUNTERSIGN_TABLE", "table"),
    ("COUNTERSIGN_BUS", "bus"),
    ("COUNTERSIGN_DELIVERIES_URL", "queue"),
];

/// The secrets of a stack.
pub(crate) struct Kept {
    /// The login.
    pub(crate) aws: Aws,
    /// What the stack is called.
    pub(crate) name: String,
    /// The stack.
    pub(crate) stack: Stack,
    /// The bot's secret.
    pub(crate) bot: Secret,
}

impl Kept {
    /// Logs in and looks the stack up.
    pub(crate) async fn of(Deployment { stack, login }: Deployment) -> anyhow::Result<Self> {
        let aws = Aws::log_in(login).await?;
        waiting(format!("Looking for {stack}"), Self::at(aws, &stack)).await
    }

    /// Those of the stack of this name.
    pub(crate) async fn at(aws: Aws, name: &str) -> anyhow::Result<Self> {
        let stack = Stack::describe(&aws, name).await.map_err(told)?;
        let bot = Secret::new(&aws, stack.output("SecretId").map_err(told)?);
        Ok(Self { aws, name: name.to_owned(), stack, bot })
    }

    /// The address of the deployment.
    pub(crate) fn public_url(&self) -> anyhow::Result<&str> {
        self.stack.output("PublicUrl").map_err(told)
    }

    /// The secret that the reference workflow shares with the third party; none if the stack is without the workflow.
    pub(super) fn double(&self) -> Option<Secret> {
        Some(Secret::new(&self.aws, self.stack.output("DoubleSecretId").ok()?))
    }
}

/// What the functions would say of the bot's secret, in the words of their own reader.
pub(crate) fn problems(values: &SecretValues) -> Vec<String> {
    let lookup = |name: &str| {
        let found = ENVIRONMENT.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Deployed::read(lookup, Some(values)).err().map(|problems| problems.0).unwrap_or_default()
}

/// Refuses to store what the functions could use less than what is there: they refuse such a secret whole, and let nobody
/// in after an hour. What was wrong before, such as a name that a later version knows, is left as it is.
pub(crate) fn check(before: &SecretValues, after: &SecretValues) -> anyhow::Result<()> {
    let known = problems(before);
    let new: Vec<String> = problems(after).into_iter().filter(|problem| !known.contains(problem)).collect();
    if !new.is_empty() {
        bail!(
            "the functions would not use the secret: {}. `countersign slack` and `countersign teams` store what belongs \
             together, `countersign secrets remove` takes it out together",
            new.join("; ")
        );
    }
    Ok(())
}

fn told(Refused(why): Refused) -> anyhow::Error {
    anyhow!(why)
}
