//! The first request of a case: the platforms may refuse it, and the notifier or a messenger may be killed over it.

use countersign_bot::flow::notify;
use countersign_playground::fakes::{Fault, teams};
use proptest::prelude::*;

use super::parts::{Part, parts};
use super::stage::{Case, Stage};
use crate::support::stage::Director;

/// How the first request of a case fares.
#[derive(Debug, Clone, Default)]
pub(super) struct Beginning {
    /// What the platforms do with the first posts, the requests.
    pub(super) refusals: Vec<Refusal>,
    /// After so many steps of the notifier and of the messengers, whoever is at it is killed.
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

/// A beginning in which something goes wrong.
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
    (refusals, prop::option::of(0..60_usize)).prop_map(|(refusals, killed_after)| Beginning { refusals, killed_after })
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
            self.ask_for_so_long(&case, steps).await;
        }
        // What was killed before it was on record is asked once more.
        self.ask(&case).await;
        self.deliver().await;
        self.recover();
        case
    }

    /// The notifier, and then messengers one after the other, get so many steps on together.
    async fn ask_for_so_long(&self, case: &Case, steps: usize) {
        let (app, input) = (self.app(0), self.asked(case).pop().expect("the state has asked"));
        let mut director = Director::default();
        let notifier = async move {
            let _ = notify::notify(&app, input).await;
        };
        director.begin(notifier).await;
        for _ in 0..steps {
            if let Some(actor) = director.waiting().first() {
                director.step(*actor, false).await;
                continue;
            }
            let Some(handed_out) = self.world.deliveries.try_next() else { return };
            director.begin(self.messenger(handed_out)).await;
        }
        director.crash_all();
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
