//! The forms of commands, each with what must be there to be read and pressed.

use countersign_bot::approval::filling::Filling;
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::policy_file;
use countersign_bot::platforms::teams::form;
use serde_json::json;

use crate::cards::{HOSTILE, POLICY, Shown};

/// The form of a command, which starts what is written into it.
pub(crate) fn blank_form() -> Shown {
    let (policy, ada) = (policy_file::read(POLICY).unwrap(), PersonId::parse("ada").unwrap());
    let command = &policy.commands["deploy"];
    let data = json!({
        "verb": form::START, "command": "deploy", "version": command.version(), "asker": "ada",
        "field.version": "1.4", "field.environment": "staging",
    });
    let press = json!({
        "path": ["Start"], "inputs": {"The version": "1.4"}, "sends": {"verb": form::START, "data": data}
    });
    let missing = json!({"path": ["Start"], "inputs": {}, "sends": null, "says": "This is missing."});
    let labels = command.fields.iter().map(|field| field.label.clone());
    Shown {
        name: "form",
        card: form::form(&policy, &Filling::blank(command), &ada),
        texts: [command.title.clone()].into_iter().chain(labels).collect(),
        buttons: vec!["Start"],
        menu: Vec::new(),
        presses: vec![press, missing],
    }
}

/// The same after words that were understood in part.
pub(crate) fn form_with_mistakes() -> Shown {
    let (policy, ada) = (policy_file::read(POLICY).unwrap(), PersonId::parse("ada").unwrap());
    let typed = format!("'{}' prod replicas=x day=soon owner=grace note='{}'", HOSTILE[0], HOSTILE[3]);
    let filling = policy.filled_in_words(&policy.commands["deploy"], &typed);
    let mistakes = filling.mistakes().map(|(field, mistake)| format!("{} {mistake}.", field.label));
    let texts = mistakes.collect();
    let card = form::form(&policy, &filling, &ada);
    let (buttons, menu, presses) = (vec!["Start"], Vec::new(), Vec::new());
    Shown { name: "form with mistakes", card, texts, buttons, menu, presses }
}

/// What is left of it once it has started something.
pub(crate) fn spent_form() -> Shown {
    let policy = policy_file::read(POLICY).unwrap();
    let typed = format!("1.4 production owner=grace note='{}'", HOSTILE[2]);
    let complete = policy.filled_in_words(&policy.commands["deploy"], &typed).complete().unwrap();
    let texts = ["Deploy a release", "The version", "1.4", "Grace Hopper", HOSTILE[2]].map(str::to_owned).into();
    let card = form::spent(&policy, &complete, "https://countersign.example.com/run", true);
    let (buttons, menu, presses) = (vec!["Open the execution"], Vec::new(), Vec::new());
    Shown { name: "form that has started something", card, texts, buttons, menu, presses }
}
