//! Who and what acts in a case, and the strategies that make cases of it.

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::state::Verdict;
use countersign_bot::approval::transitions::claim::Look;
use proptest::prelude::*;

use crate::support::faults::{Call, Fault};

/// Somebody or something that acts. A skew is by how many seconds the clock of whoever acts is off.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A person presses a button.
    Click { person: usize, verdict: Verdict, platform: Platform, skew: i64 },
    /// A person is away from now on, and another stands in for them.
    Away { absent: usize, delegate: usize },
    /// A person is back.
    Back { absent: usize },
    /// A person approves alone in an emergency.
    BreakGlass { person: usize, skew: i64 },
    /// A person acknowledges that somebody did.
    Acknowledge { person: usize, skew: i64 },
    /// A person says that they are looking at it, or that they no longer are.
    Look { person: usize, look: Look, skew: i64 },
    /// Whoever asked takes the request back.
    Cancel { skew: i64 },
    /// A messenger is handed the next delivery, or one of what was delivered before.
    Deliver { again: bool },
    /// The schedule invokes the reconciler.
    Reconcile { skew: i64 },
    /// The reconciler hears that the execution has changed.
    HearOfExecution,
    /// Time goes by.
    Wait { seconds: i64 },
    /// Somebody stops the execution.
    Abort,
    /// Somebody else fails the task, and the state is tried again a second later.
    Lose,
    /// The notifier is invoked with the newest task of the state, for the first time or once more.
    Ask,
    /// Another task of the execution ends with the id of the approval, as if people had decided.
    NeighbourPretends { verdict: Verdict },
    /// Another branch fails, and the execution with it.
    NeighbourFails,
    /// A request of another execution names this one as its own.
    Impostor,
    /// From now on the execution cannot be looked up, as when its machine is deleted.
    Forget,
    /// A person presses a button of this approval, and the press names the card of another one.
    ClickElsewhere { person: usize, verdict: Verdict },
    /// A call to a service fails, with or without its effect.
    Fails { call: Call, fault: Fault },
    /// Slack does not take a change of a card.
    SlackFails,
    /// Nor does Teams.
    TeamsFails,
    /// The bus takes only the first of several events.
    BusRefuses,
}

/// One choice of the director: who is next, counted around those who can be, and whether they crash instead.
pub(super) type Choice = (u8, bool);

pub(super) fn parts() -> impl Strategy<Value = Vec<Part>> {
    prop::collection::vec(part(), 1..10)
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        8 => (0..3_usize, verdict(), platform(), skew())
            .prop_map(|(person, verdict, platform, skew)| Part::Click { person, verdict, platform, skew }),
        1 => (0..3_usize, 0..3_usize).prop_map(|(absent, delegate)| Part::Away { absent, delegate }),
        1 => (0..3_usize).prop_map(|absent| Part::Back { absent }),
        1 => (0..3_usize, skew()).prop_map(|(person, skew)| Part::BreakGlass { person, skew }),
        1 => (0..3_usize, skew()).prop_map(|(person, skew)| Part::Acknowledge { person, skew }),
        2 => (0..3_usize, look(), skew()).prop_map(|(person, look, skew)| Part::Look { person, look, skew }),
        1 => skew().prop_map(|skew| Part::Cancel { skew }),
        6 => prop::bool::weighted(0.2).prop_map(|again| Part::Deliver { again }),
        4 => skew().prop_map(|skew| Part::Reconcile { skew }),
        1 => Just(Part::HearOfExecution),
        4 => prop_oneof![3 => Just(1), 2 => Just(20), 1 => Just(100), 2 => Just(599)].prop_map(|seconds| Part::Wait { seconds }),
        1 => Just(Part::Abort),
        1 => Just(Part::Lose),
        2 => Just(Part::Ask),
        2 => verdict().prop_map(|verdict| Part::NeighbourPretends { verdict }),
        1 => Just(Part::NeighbourFails),
        1 => Just(Part::Impostor),
        1 => Just(Part::Forget),
        1 => (0..3_usize, verdict()).prop_map(|(person, verdict)| Part::ClickElsewhere { person, verdict }),
        1 => fails(),
        1 => Just(Part::SlackFails),
        1 => Just(Part::TeamsFails),
        1 => Just(Part::BusRefuses),
    ]
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![4 => Just(Verdict::Approve), 3 => Just(Verdict::Reject), 1 => Just(Verdict::Return)]
}

fn look() -> impl Strategy<Value = Look> {
    prop_oneof![3 => Just(Look::Begins), 1 => Just(Look::Ends)]
}

fn platform() -> impl Strategy<Value = Platform> {
    prop_oneof![Just(Platform::Slack), Just(Platform::Teams), Just(Platform::Email)]
}

/// The clocks of machines are off by less than this; most are right.
fn skew() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0), 1 => -3..=3_i64]
}

fn fails() -> impl Strategy<Value = Part> {
    let call = prop_oneof![
        Just(Call::Load),
        Just(Call::Save),
        Just(Call::Callback),
        Just(Call::LookUp),
        Just(Call::Put),
        Just(Call::Enqueue)
    ];
    let fault = prop_oneof![Just(Fault::Refused), Just(Fault::AnswerLost)];
    (call, fault).prop_map(|(call, fault)| Part::Fails { call, fault })
}

pub(super) fn choices() -> impl Strategy<Value = Vec<Choice>> {
    prop::collection::vec((any::<u8>(), prop::bool::weighted(0.05)), 0..160)
}
