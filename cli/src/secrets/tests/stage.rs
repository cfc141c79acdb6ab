//! A stack with its secrets on a small AWS, beside a Slack and a Microsoft that know what is right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::fake::{Account, Secrets, serve};
use crate::deployment::Addresses;
use crate::secrets::form::Vendors;
use crate::secrets::kept::Kept;
use crate::vendors::fake::{self, World};
use crate::vendors::web::Web;

pub(crate) fn start() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// The stack, and what its secrets are held against.
pub(crate) struct Stage {
    pub(crate) kept: Kept,
    pub(crate) secrets: Arc<Mutex<Secrets>>,
    pub(crate) restarts: Arc<Mutex<BTreeMap<String, Timestamp>>>,
    pub(crate) web: Web,
    pub(crate) addresses: Addresses,
}

impl Stage {
    /// One whose bot has these values.
    pub(crate) async fn of(bot: Value) -> Self {
        let ids = [("bot".to_owned(), bot), ("double".to_owned(), json!({ "key": "hidden-0" }))];
        let mut secrets: Secrets = ids.into_iter().collect();
        secrets.now = start();
        let (secrets, restarts) = (Arc::new(Mutex::new(secrets)), Arc::default());
        let outputs = [("SecretId", "bot"), ("DoubleSecretId", "double"), ("PublicUrl", "https://bot.example.com")];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let function = json!({ "LastModified": "2026-11-23T09:59:00.123+0000", "LastUpdateStatus": "Successful" });
        let functions = ["countersign-Double", "countersign-Calculate"];
        let account = Account {
            stacks: [("countersign".to_owned(), ("UPDATE_COMPLETE".to_owned(), outputs))].into(),
            functions: functions.map(|name| (name.to_owned(), function.clone())).into(),
            secrets: Arc::clone(&secrets),
            restarts: Arc::clone(&restarts),
            ..Account::default()
        };
        let kept = Kept::at(serve(account).await, "countersign").await.unwrap();
        let addresses = fake::serve(World::default()).await;
        Self { kept, secrets, restarts, web: Web::new(start).unwrap(), addresses }
    }

    /// What the bot's secret holds.
    pub(crate) fn values(&self) -> Value {
        self.secrets.lock().unwrap().values("bot")
    }

    /// Whom values are held against.
    pub(crate) fn vendors(&self) -> Vendors<'_> {
        Vendors { web: &self.web, addresses: &self.addresses }
    }
}
