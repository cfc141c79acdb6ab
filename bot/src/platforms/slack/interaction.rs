//! Who interacts with a message or a form of Slack, and what stands in it.
//!
//! The wire structs are lenient: what Slack leaves out in one kind of installation is optional.

use std::collections::HashMap;
use std::iter;

use serde::Deserialize;
use serde_json::Value;

use super::{access, card, commands, form};
use crate::approval::identities::ORGANISATION;
use crate::approval::policy::{Person, Stranger};
use crate::approval::request::{Request, Written};
use crate::flow::app::App;
use crate::platforms::malformed::Malformed;

/// Who did it. An installation for a whole organisation sends `"team": null`.
#[derive(Deserialize)]
pub(super) struct Actor {
    pub(super) user: User,
    team: Option<Team>,
    enterprise: Option<Id>,
}

/// The workspace that the app acts in.
#[derive(Deserialize)]
struct Team {
    id: String,
    enterprise_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    team_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Id {
    pub(super) id: String,
}

/// The inputs of a message or a view: block id, action id, value.
#[derive(Deserialize)]
pub(super) struct InputState {
    #[serde(default)]
    values: HashMap<String, HashMap<String, Input>>,
}

#[derive(Deserialize)]
struct Input {
    value: Option<Value>,
    selected_option: Option<Chosen>,
    selected_options: Option<Vec<Chosen>>,
    selected_date: Option<String>,
}

/// An option of a menu.
#[derive(Deserialize)]
pub(super) struct Chosen {
    pub(super) value: String,
}

#[derive(Deserialize)]
pub(super) struct View {
    pub(super) id: String,
    #[serde(default)]
    pub(super) callback_id: String,
    #[serde(default)]
    private_metadata: String,
    /// What stands in its inputs.
    pub(super) state: Option<InputState>,
}

impl Actor {
    /// The person of the policy.
    pub(super) fn person<'a>(&self, app: &'a App) -> Result<&'a Person, Stranger> {
        access::person(app, &self.teams(), &self.user.id)
    }

    /// The person of the policy, or whoever may be in a group that the policy takes from Slack.
    pub(super) fn decider(&self, app: &App) -> Result<Person, Stranger> {
        access::decider(app, &self.teams(), &self.user.id)
    }

    /// The workspaces and organisations that the user is from, as far as the payload proves it. In a channel that is
    /// shared with another company, everything but the user's own id is that of the company that has the app, and says
    /// nothing of the user. In an organisation the own id may be the organisation's:
    /// <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>.
    fn teams(&self) -> Vec<&str> {
        let organisation = self.enterprise.as_ref().map(|enterprise| enterprise.id.as_str());
        let organisation = organisation.or_else(|| self.team.as_ref()?.enterprise_id.as_deref());
        let team = self.team.as_ref().map(|team| team.id.as_str()).filter(|team| Some(*team) != organisation);
        let Some(own) = self.user.team_id.as_deref() else {
            return team.into_iter().chain(organisation).collect();
        };
        let is_workspace_of_organisation = team.is_none() && !own.starts_with(ORGANISATION);
        let is_own = Some(own) == team || Some(own) == organisation || is_workspace_of_organisation;
        let others = [team, organisation].into_iter().flatten().filter(|_| is_own);
        iter::once(own).chain(others).collect()
    }
}

impl InputState {
    fn text(&self, block: &str, action: &str) -> Option<&str> {
        self.values.get(block)?.get(action)?.value.as_ref()?.as_str()
    }

    /// Whether somebody has ticked this box.
    pub(super) fn has_ticked(&self, block: &str, action: &str, value: &str) -> bool {
        let input = self.values.get(block).and_then(|inputs| inputs.get(action));
        let ticked = input.and_then(|input| input.selected_options.as_ref());
        ticked.is_some_and(|options| options.iter().any(|option| option.value == value))
    }

    /// What stands in the inputs that whoever approves is asked for, by their names.
    pub(super) fn inputs(&self, request: Option<&Request>) -> Written {
        let written = |block: &String| {
            let name = block.strip_prefix(form::INPUT)?;
            let field = request.and_then(|request| request.fields().find(|field| field.name == name));
            let menu = field.and_then(|field| field.kind.menu()).unwrap_or_default();
            // Something that is no text is nothing.
            let written = self.written(block, form::ACTION_ID).unwrap_or_default();
            Some((name.to_owned(), as_sent(&menu, written)))
        };
        self.values.keys().filter_map(written).collect()
    }

    /// What stands in an input of whatever kind.
    pub(super) fn written(&self, block: &str, action: &str) -> Option<&str> {
        let input = self.values.get(block)?.get(action)?;
        let chosen = input.selected_option.as_ref().map(|option| option.value.as_str());
        chosen.or(input.selected_date.as_deref()).or_else(|| input.value.as_ref()?.as_str())
    }
}

impl View {
    /// What the form has carried from its opening to its submission.
    pub(super) fn opened_with<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Malformed> {
        serde_json::from_str(&self.private_metadata)
            .map_err(|_| Malformed::new("payload.view.private_metadata: not what the form was opened with"))
    }
}

/// What was written, or chosen: that comes back as it was sent, or as Slack writes it in text.
pub(super) fn as_sent(menu: &[(String, String)], written: &str) -> String {
    let is_as_sent = menu.is_empty() || menu.iter().any(|(_, text)| text == written);
    if is_as_sent { written.to_owned() } else { commands::unescaped(written).0 }
}

/// The comment, if there is one.
pub(super) fn comment(state: &InputState) -> Option<String> {
    let text = state.text(card::COMMENT, card::COMMENT)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
