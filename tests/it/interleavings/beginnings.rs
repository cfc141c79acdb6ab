//! The first notifier of a case: the platforms may refuse what it sends, and it may be killed.

use countersign_bot::flow::notify;
use countersign_playground::fakes::{Fault, teams};
use proptest::prelude::*;

use super::parts::{Part, parts};
use super::stage::{Case, Stage};
use crate::support::stage::Director;

/// How the first notifier of a case fares.
#[derive(Debug, Clone, Default)]
pub(super) struct Beginning {
    /// What the platforms do with the first posts, the requests.
    pub(super) refusals: Vec<Refusal>,
    /// After so many steps it is killed, if it is not done.
    pub(super) killed_after: Option<usize>,
}

/// What a platform does with a post.
#[derive(Debug, Clone, Copy)]
pub(super) enum Refusal {
    /// Slack does not take it, and may later.
    SlackLater,
    /// Slack never takes it.
    SlackNever,
    /// Slack takes it, and the answer is lost.
    SlackSilent,
    /// Teams does not take it, and may later.
    TeamsLater,
    /// Teams never takes it.
    TeamsNever,
    /// Teams takes it, and the answer is lost.
    TeamsSilent,
}

/// A first notifier with which something goes wrong.
pub(super) fn bad_beginning() -> impl Strategy<Value = Beginning> {
    let refusal = prop_oneof![
        Just(Refusal::SlackLater),
        Just(Refusal::SlackNever),
        Just(Refusal::SlackSilent),
        Just(Refusal::TeamsLater),
        Just(Refusal::TeamsNever),
        Just(Refusal::TeamsSilent),
    ];
    let refusals = prop::collection::vec(refusal, 0..4);
    (refusals, prop::option::of(0..24_usize)).prop_map(|(refusals, killed_after)| Beginning { refusals, killed_after })
}

/// What may happen after that. Where an approval has no card, a press that names another one's is believed.
pub(super) fn parts_after() -> impl Strategy<Value = Vec<Part>> {
    parts().prop_map(|mut parts| {
        parts.retain(|part| !matches!(part, Part::ClickElsewhere { .. }));
        parts
    })
}

impl Stage {
    /// Starts a run of its own and sends its cards and mails, as far as the beginning lets it.
    pub(super) async fn raise_after(&self, beginning: &Beginning) -> Case {
        let case = self.start().await;
        for refusal in &beginning.refusals {
            self.refuse(*refusal);
        }
        if let Some(steps) = beginning.killed_after {
            let (app, input) = (self.app(0), self.asked(&case).pop().expect("the state has asked"));
            let mut director = Director::default();
            let notifier = director
                .begin(async move {
                    let _ = notify::notify(&app, input).await;
                })
                .await;
            for _ in 0..steps {
                if director.waiting().contains(&notifier) {
                    director.step(notifier, false).await;
                }
            }
            director.crash_all();
        }
        // What was killed before it was on record is asked once more.
        self.ask(&case).await;
        self.recover();
        case
    }

    fn refuse(&self, refusal: Refusal) {
        let (slack, teams) = (&self.world.slack, &self.world.teams);
        let no = |status, code: &str| teams::Fault::Refused { status, code: code.to_owned() };
        match refusal {
            Refusal::SlackLater => slack.fail_next("chat.postMessage", Fault::NotOk("channel_not_found".to_owned())),
            Refusal::SlackNever => slack.fail_next("chat.postMessage", Fault::NotOk("msg_too_long".to_owned())),
            Refusal::SlackSilent => slack.fail_next("chat.postMessage", Fault::Drop),
            Refusal::TeamsLater => teams.fail_next(teams::Operation::Create, no(403, "BotNotInConversationRoster")),
            Refusal::TeamsNever => teams.fail_next(teams::Operation::Create, no(413, "MessageSizeTooBig")),
            Refusal::TeamsSilent => teams.fail_next(teams::Operation::Create, teams::Fault::Drop),
        }
    }
}
