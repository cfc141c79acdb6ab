//! The home of the app: `views.publish`, what each person sees there, and what they do in it.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::block_kit::{Check, ID_MAX, PRIVATE_METADATA_MAX, VIEW_BLOCKS_MAX};
use super::people::{button, chosen};
use super::workspace::{Refusal, VIEW_MAX_BYTES, Workspace, is_id};
use super::{Error, FakeSlack, OpenView, Reply, SlackUser, payloads};

/// How often homes are published in a workspace: <https://docs.slack.dev/reference/methods/views.publish>.
const PUBLISHED_MAX: usize = 100;
const PUBLISHED_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// The home of the app in front of one person.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Home {
    /// The view, and its id.
    pub(super) shown: OpenView,
    /// Slack's name for what is shown.
    pub(super) hash: String,
}

/// Counts how often homes are published.
#[derive(Debug, Default)]
pub(super) struct Published(VecDeque<Timestamp>);

impl Published {
    /// Counts one, or refuses it with the seconds to wait.
    pub(super) fn admit(&mut self, now: Timestamp) -> Result<(), u64> {
        while self.0.front().is_some_and(|at| now.duration_since(*at) >= PUBLISHED_WITHIN) {
            self.0.pop_front();
        }
        if self.0.len() >= PUBLISHED_MAX {
            return Err(PUBLISHED_WITHIN.as_secs().unsigned_abs());
        }
        self.0.push_back(now);
        Ok(())
    }
}

/// What is wrong with a home: <https://docs.slack.dev/reference/views/home-tab-views>.
fn problems(view: &Value) -> Vec<String> {
    let mut check = Check::default();
    if view["type"] != "home" {
        check.note("/view/type", "only homes can be published");
    }
    for name in ["title", "submit", "close"] {
        check.optional(&view[name], |check, _| {
            check.note(&format!("/view/{name}"), &format!("invalid additional property: {name}"));
        });
    }
    for (name, max) in [("private_metadata", PRIVATE_METADATA_MAX), ("callback_id", ID_MAX), ("external_id", ID_MAX)] {
        check.optional_string(&view[name], 0, max, &format!("/view/{name}"));
    }
    match view["blocks"].as_array() {
        Some(blocks) => check.blocks(blocks, VIEW_BLOCKS_MAX, "/view/blocks"),
        None => check.note("/view/blocks", "missing required field: blocks"),
    }
    check.problems
}

impl Workspace {
    /// `views.publish`.
    pub(super) fn publish(&mut self, body: &Value, team: &str, now: Timestamp) -> Result<Value, Refusal> {
        let user = body["user_id"].as_str().filter(|user| is_id(user, &['U', 'W'])).ok_or("user_not_found")?;
        if self.has_no_home {
            return Err("not_enabled".into());
        }
        let mut view = body["view"].clone();
        if view.to_string().len() > VIEW_MAX_BYTES {
            return Err("view_too_large".into());
        }
        let messages = problems(&view);
        if !messages.is_empty() {
            return Err(Refusal { code: "invalid_arguments", messages });
        }
        let before = self.homes.get(user);
        if body["hash"].as_str().is_some_and(|hash| before.is_some_and(|home| home.hash != hash)) {
            return Err("hash_conflict".into());
        }
        let id = before.map(|home| home.shown.id.clone());
        let id = id.unwrap_or_else(|| format!("V{:010}", self.next_id()));
        let hash = format!("{}.{}", now.as_second(), self.next_id());
        self.name_blocks(&mut view["blocks"]);
        let shown = OpenView { id, view };
        let answer = json!({ "view": payloads::stateful(&shown, team, &hash) });
        self.homes.insert(user.to_owned(), Home { shown, hash });
        Ok(answer)
    }
}

impl FakeSlack {
    /// Somebody switches the home of the app off, or on again.
    pub fn enable_home(&self, enabled: bool) {
        self.workspace().has_no_home = !enabled;
    }

    /// What this person (by user id) sees in the home of the app.
    pub fn home(&self, user: &str) -> Option<Value> {
        self.workspace().homes.get(user).map(|home| home.shown.view.clone())
    }

    /// Something is shown to this person (by user id) of which the bot knows nothing, as by a call that came late.
    pub fn show_home(&self, user: &str, view: &Value) {
        let mut workspace = self.workspace();
        let hash = format!("late.{}", workspace.next_id());
        if let Some(home) = workspace.homes.get_mut(user) {
            home.shown.view = view.clone();
            home.hash = hash;
        }
        drop(workspace);
        self.shared.changes.note();
    }

    /// Somebody opens the home of the app, of which Slack tells the bot. Returns the bot's answer.
    pub async fn open_home(&self, user: &SlackUser) -> Result<Reply, Error> {
        let event = self.home_event(user, "home");
        self.tell(&event).await
    }

    /// What Slack tells when somebody opens a tab of the app, for a test that changes something in it.
    pub fn home_event(&self, user: &SlackUser, tab: &str) -> Value {
        let home = self.workspace().homes.get(&user.id).cloned();
        let team = &self.shared.team_id;
        let view = home.map(|home| payloads::stateful(&home.shown, team, &home.hash));
        self.as_act(user, "", |act| payloads::home_opened(act, tab, view.as_ref()))
    }

    /// Signs and sends an event.
    pub async fn tell(&self, event: &Value) -> Result<Reply, Error> {
        self.send_as("/slack/events", "application/json", event.to_string().into_bytes()).await
    }

    /// Presses a button in somebody's home, in the block whose id ends like this. Returns the status of the bot's answer.
    pub async fn press_in_home(&self, user: &SlackUser, block: &str, action_id: &str) -> Result<u16, Error> {
        let no_button = || Error::NoButton(action_id.to_owned());
        self.act_in_home(
            user,
            block,
            |blocks| button(blocks, action_id).map(|(id, one)| (id.to_owned(), one.clone())),
            no_button,
        )
        .await
    }

    /// Chooses an option of a menu in somebody's home, likewise.
    pub async fn choose_in_home(&self, user: &SlackUser, block: &str, option: &str) -> Result<u16, Error> {
        let no_button = || Error::NoButton(option.to_owned());
        self.act_in_home(
            user,
            block,
            |blocks| chosen(blocks, option).map(|(id, menu)| (id.to_owned(), menu)),
            no_button,
        )
        .await
    }

    async fn act_in_home(
        &self,
        user: &SlackUser,
        block: &str,
        find: impl Fn(&Value) -> Option<(String, Value)>,
        no_button: impl Fn() -> Error,
    ) -> Result<u16, Error> {
        let home = self.workspace().homes.get(&user.id).cloned().ok_or(Error::NoView)?;
        let blocks = home.shown.view["blocks"].as_array().cloned().unwrap_or_default();
        let is_it = |one: &Value| one["block_id"].as_str().is_some_and(|id| id.ends_with(block));
        let found = blocks.into_iter().filter(is_it).find_map(|one| find(&json!([one])));
        let (id, element) = found.ok_or_else(no_button)?;
        let payload =
            self.as_act(user, "", |act| payloads::press_in_home(act, &home.shown, &home.hash, (&id, &element)));
        Ok(self.press_raw(&payload).await?.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn publish(workspace: &mut Workspace, blocks: &Value, hash: Option<&str>) -> Result<String, &'static str> {
        let body = json!({ "user_id": "U1", "view": { "type": "home", "blocks": blocks }, "hash": hash });
        let answer = workspace.publish(&body, "T0", at(0)).map_err(|refusal| refusal.code)?;
        Ok(answer["view"]["hash"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_home_has_a_hundred_blocks_and_nothing_of_a_form() {
        let mut workspace = Workspace::default();
        let blocks = |count| json!(vec![json!({ "type": "divider" }); count]);
        assert!(publish(&mut workspace, &blocks(100), None).is_ok());
        assert_eq!(publish(&mut workspace, &blocks(101), None), Err("invalid_arguments"));
        let title = json!({ "type": "plain_text", "text": "Home" });
        for view in [
            json!({ "type": "home", "blocks": [], "title": title }),
            json!({ "type": "modal", "blocks": [], "title": title }),
        ] {
            let refused = workspace.publish(&json!({ "user_id": "U1", "view": view }), "T0", at(0)).unwrap_err();
            assert_eq!(refused.code, "invalid_arguments", "{view}");
        }
        workspace.has_no_home = true;
        assert_eq!(publish(&mut workspace, &blocks(1), None), Err("not_enabled"));
    }

    #[test]
    fn whoever_saw_something_older_publishes_nothing() {
        let mut workspace = Workspace::default();
        let first = publish(&mut workspace, &json!([]), None).unwrap();
        let second = publish(&mut workspace, &json!([]), Some(&first)).unwrap();
        assert_eq!(publish(&mut workspace, &json!([]), Some(&first)), Err("hash_conflict"));
        assert!(publish(&mut workspace, &json!([]), Some(&second)).is_ok());
        assert!(publish(&mut workspace, &json!([]), None).is_ok());
    }

    #[test]
    fn a_hundred_are_published_a_minute() {
        let mut published = Published::default();
        for _ in 0..PUBLISHED_MAX {
            assert_eq!(published.admit(at(0)), Ok(()));
        }
        assert_eq!(published.admit(at(59)), Err(60));
        assert_eq!(published.admit(at(60)), Ok(()));
    }
}
