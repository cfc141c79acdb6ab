//! Which actions of AWS the roles have called in a run, as the proxies of all deployments saw it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use countersign_tests::rights::{self, Rights};
use data_encoding::HEXUPPER;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::proxy::Call;

/// Clones share everything.
#[derive(Clone, Default)]
pub(crate) struct Actions {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Actions of IAM by the access key that a call was signed with.
    called: BTreeMap<String, BTreeSet<String>>,
    /// Roles by the access keys of their functions.
    roles: BTreeMap<String, String>,
    /// Keys of roles of other accounts, which the functions have assumed.
    elsewhere: BTreeSet<String>,
}

impl Actions {
    /// Notes a call that was signed with this key.
    pub(crate) fn note(&self, access_key: &str, call: &Call) {
        // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
        // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
        let action = match call.action.as_str() {
            "TransactWriteItems" => "PutItem",
            "SendMessageBatch" => "SendMessage",
            // Of S3 the method is known, and nothing is put but objects.
            "PUT" if call.service == "s3" => "PutObject",
            action => action,
        };
        let mut seen = self.seen.lock().unwrap();
        seen.called.entry(access_key.to_owned()).or_default().insert(format!("{}:{action}", call.service));
    }

    /// Learns the key that somebody was given who has assumed a role: what is called with it the other account allows.
    pub(crate) fn learn_assumed(&self, answer: &str) {
        let key = answer.split_once("<AccessKeyId>").and_then(|(_, rest)| rest.split_once('<')).map(|(key, _)| key);
        self.seen.lock().unwrap().elsewhere.extend(key.map(str::to_owned));
    }

    /// Learns the access key that ministack gives each of these functions, of which `ListFunctions` has told. Their roles
    /// are called `STACK-ROLE-SUFFIX`, with the role as the template names it.
    pub(crate) fn learn(&self, functions: &Value) -> anyhow::Result<()> {
        for function in functions["Functions"].as_array().context("there are functions")? {
            let text = |name: &str| function[name].as_str().with_context(|| format!("a function has a {name}"));
            let (arn, role) = (text("FunctionArn")?, text("Role")?);
            let digest = HEXUPPER.encode(&Sha256::digest(format!("{arn}:{role}")));
            let role = role.rsplit('/').next().and_then(|name| name.split('-').nth(1));
            let role = role.with_context(|| format!("{arn} has a role of the template"))?.to_owned();
            self.seen.lock().unwrap().roles.insert(format!("ASIA{}", &digest[..16]), role);
        }
        Ok(())
    }

    /// Holds what was called against what is granted, and after a run of all cases what is granted against what was called.
    pub(crate) fn compare(&self, is_whole: bool) -> anyhow::Result<()> {
        let seen = self.seen.lock().unwrap();
        let mut called = Rights::new();
        for (key, actions) in seen.called.iter().filter(|(key, _)| !seen.elsewhere.contains(*key)) {
            let role =
                seen.roles.get(key).with_context(|| format!("{key} is of no function: it called {actions:?}"))?;
            called.entry(role.clone()).or_default().extend(actions.iter().cloned());
        }
        let (granted, not_called) = (rights::granted(), rights::not_called());
        let mut problems = Vec::new();
        for (role, action) in pairs(&called) {
            if !has(&granted, role, action) {
                problems.push(format!("{role} has called {action}, which is not granted"));
            }
        }
        for (role, action) in pairs(&granted).filter(|_| is_whole) {
            match (has(&called, role, action), has(&not_called, role, action)) {
                (false, false) => problems.push(format!("{role} has not called {action}, which has no reason")),
                (true, true) => {
                    problems.push(format!("{role} has called {action}, which the document says it does not"))
                }
                _ => {}
            }
        }
        anyhow::ensure!(problems.is_empty(), "docs/security.md is not what was called:\n{}", problems.join("\n"));
        Ok(())
    }
}

fn pairs(rights: &Rights) -> impl Iterator<Item = (&str, &str)> {
    rights.iter().flat_map(|(role, actions)| actions.iter().map(move |action| (role.as_str(), action.as_str())))
}

fn has(rights: &Rights, role: &str, action: &str) -> bool {
    rights.get(role).is_some_and(|actions| actions.contains(action))
}
