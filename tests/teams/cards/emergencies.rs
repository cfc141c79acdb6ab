//! The cards where somebody stands in for an approver who is away, and where somebody has approved alone.

use countersign_bot::approval::delegation::Delegation;
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::policy_file;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::request::Answers;
use countersign_bot::approval::state::{Outcome, Resolution, State, Verdict};
use countersign_bot::approval::transitions::break_glass::{Acknowledging, acknowledge};
use countersign_bot::approval::transitions::decide::{Command, Counted, decide};
use countersign_bot::messages::away;
use serde_json::json;

use super::{HOSTILE, POLICY, Shown, later, raised, shown};

/// Emmy stands in for Linus, which everybody who looks at the card is told.
pub(super) fn with_a_stand_in() -> Shown {
    let approval = away();
    let told = away::line(&approval).unwrap();
    with_texts(shown("with a stand-in", &approval, Vec::new()), &[&told, "Emmy Noether stands in for Linus Pauling"])
}

pub(super) fn decided_by_a_stand_in() -> Shown {
    let (first, by_emmy) = (counted(&away(), "grace", Verdict::Approve, None), "Emmy Noether for Linus Pauling");
    let mut approval = counted(&first, "emmy", Verdict::Approve, Some("He has told me"));
    approval.state = State::Resolved(Resolution { outcome: Outcome::Approved, at: later(62) });
    with_texts(
        shown("decided by a stand-in", &approval, Vec::new()),
        &[by_emmy, &format!("By Grace Hopper and {by_emmy}")],
    )
}

/// What was typed as the reason stands on a card in red, and is no markup.
pub(super) fn with_broken_glass() -> Shown {
    let approval = broken();
    let acknowledge = format!("approvals acknowledge {}", approval.id);
    let texts = ["Glass broken: Emmy Noether approved this alone.", acknowledge.as_str(), HOSTILE[0]];
    with_texts(shown("with broken glass", &approval, Vec::new()), &texts)
}

pub(super) fn acknowledged() -> Shown {
    let by = Acknowledging { person: command("grace", Verdict::Approve, None).person, platform: Platform::Teams };
    let approval = acknowledge(&broken(), &by, later(70)).unwrap();
    let shown = shown("with broken glass that is acknowledged", &approval, Vec::new());
    assert!(!shown.card.to_string().contains("approvals acknowledge"), "nobody is called any more");
    with_texts(shown, &["Glass broken: Emmy Noether approved this alone.", "Acknowledged by Grace Hopper"])
}

fn with_texts(shown: Shown, texts: &[&str]) -> Shown {
    let texts = shown.texts.iter().cloned().chain(texts.iter().map(|text| (*text).to_owned())).collect();
    Shown { texts, ..shown }
}

fn away() -> Approval {
    let mut approval = raised("emergency", json!({}));
    let [absent, delegate] = ["linus", "emmy"].map(|key| PersonId::parse(key).unwrap());
    let said = Delegation {
        absent,
        delegate: Some(delegate),
        until: later(86_400),
        said_at: later(0),
        platform: Platform::Teams,
        number: 1,
        terms: None,
        pace: None,
    };
    assert!(approval.take_stand_ins(&[said], later(1)));
    approval
}

fn broken() -> Approval {
    let mut approval = counted(&raised("emergency", json!({})), "emmy", Verdict::BreakGlass, Some(HOSTILE[0]));
    approval.state = State::Resolved(Resolution { outcome: Outcome::Approved, at: later(62) });
    approval
}

/// The record after somebody's word.
fn counted(approval: &Approval, who: &str, verdict: Verdict, comment: Option<&str>) -> Approval {
    match decide(approval, &command(who, verdict, comment), later(60)).unwrap() {
        Counted::Open(approval) | Counted::Decided(approval) => approval,
    }
}

fn command(who: &str, verdict: Verdict, comment: Option<&str>) -> Command {
    let policy = policy_file::read(POLICY).unwrap();
    Command {
        person: policy.people[&PersonId::parse(who).unwrap()].clone(),
        platform: Platform::Teams,
        verdict,
        comment: comment.map(str::to_owned),
        answers: Answers::default(),
        message: None,
        shown: None,
    }
}
