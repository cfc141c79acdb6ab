use super::*;
use crate::approval::break_glass::GlassRefusal;
use crate::approval::calling::Calling;
use crate::approval::request::Risk;
use crate::approval::sample::{after, approval, command};
use crate::approval::state::Resolution;

fn open(counted: Result<Counted, Refusal>) -> Approval {
    match counted {
        Ok(Counted::Open(approval)) => approval,
        other => panic!("the approval should still be open: {other:?}"),
    }
}

fn intent(counted: Result<Counted, Refusal>) -> Intent {
    match counted {
        Ok(Counted::Decided(Approval { state: State::Resolving(ending), .. })) => ending.intent,
        other => panic!("the approval should be decided: {other:?}"),
    }
}

#[test]
fn one_approval_of_one_decides() {
    let decided = decide(&approval(""), &command("grace", Verdict::Approve, None), after(1));
    assert_eq!(intent(decided), Intent::Approve);
}

#[test]
fn a_person_counts_once_whatever_groups_they_are_in() {
    let request = approval("required = 2\nself_approval = true");
    let voted = open(decide(&request, &command("ada", Verdict::Approve, None), after(1)));
    let again = decide(&voted, &command("ada", Verdict::Approve, None), after(2));
    assert_eq!(again.unwrap_err(), Refusal::AlreadyVoted { verdict: Verdict::Approve, at: after(1) });
    assert_eq!(voted.approvals(), 1);
    assert_eq!(intent(decide(&voted, &command("grace", Verdict::Approve, None), after(3))), Intent::Approve);
}

#[test]
fn one_rejection_rejects_and_may_be_a_change_of_mind() {
    let request = approval("required = 2");
    let voted = open(decide(&request, &command("grace", Verdict::Approve, None), after(1)));
    assert_eq!(intent(decide(&voted, &command("linus", Verdict::Reject, None), after(2))), Intent::Reject);
    let Ok(Counted::Decided(changed)) = decide(&voted, &command("grace", Verdict::Reject, None), after(2)) else {
        panic!("a rejection decides")
    };
    assert_eq!((changed.votes.len(), changed.approvals()), (1, 0));
}

#[test]
fn approving_and_rejecting_are_authorised_alike() {
    let request = approval("returns = true");
    for verdict in [Verdict::Approve, Verdict::Reject, Verdict::Return] {
        let own = decide(&request, &command("ada", verdict, Some("why")), after(1));
        assert_eq!(own.unwrap_err(), Refusal::OwnRequest);
        let eve = decide(&request, &command("eve", verdict, Some("why")), after(1));
        let approvers = vec!["Grace".to_owned(), "Linus".to_owned()];
        assert_eq!(eve.unwrap_err(), Refusal::NotAnApprover { approvers });
    }
    let allowed = decide(&approval("self_approval = true"), &command("ada", Verdict::Approve, None), after(1));
    assert_eq!(intent(allowed), Intent::Approve);
}

#[test]
fn a_rejection_needs_a_reason_if_the_policy_says_so() {
    let request = approval("reason_on_reject = true");
    for blank in [None, Some(""), Some(" \n"), Some("\u{200b}"), Some("\u{2800} \u{3164}"), Some("\u{301}")] {
        let without = decide(&request, &command("grace", Verdict::Reject, blank), after(1));
        assert_eq!(without.unwrap_err(), Refusal::ReasonRequired, "{blank:?}");
    }
    assert_eq!(intent(decide(&request, &command("grace", Verdict::Reject, Some("no")), after(1))), Intent::Reject);
    assert_eq!(intent(decide(&request, &command("grace", Verdict::Approve, None), after(1))), Intent::Approve);
}

#[test]
fn one_return_ends_it_needs_a_comment_and_has_to_be_allowed() {
    let request = approval("returns = true\nrequired = 2");
    for blank in [None, Some(""), Some(" \n"), Some("\u{200b}"), Some("\u{2800} \u{3164}"), Some("\u{301}")] {
        let without = decide(&request, &command("grace", Verdict::Return, blank), after(1));
        assert_eq!(without.unwrap_err(), Refusal::ReturnNeedsReason, "{blank:?}");
    }
    let voted = open(decide(&request, &command("grace", Verdict::Approve, None), after(1)));
    for who in ["grace", "linus"] {
        let Ok(Counted::Decided(returned)) = decide(&voted, &command(who, Verdict::Return, Some("add it")), after(2))
        else {
            panic!("a return decides")
        };
        let State::Resolving(ending) = &returned.state else { panic!("{:?}", returned.state) };
        assert_eq!(ending.intent, Intent::Return);
        let deciding: Vec<_> = returned.deciding_votes().iter().map(|vote| vote.person.to_string()).collect();
        assert_eq!(deciding, [who], "whoever has approved has not decided");
        let late = decide(&returned, &command("linus", Verdict::Approve, None), after(3)).unwrap_err();
        assert!(matches!(late, Refusal::AlreadyDecided { verdict: Verdict::Return, .. }), "{late:?}");
    }
    let forged = decide(&approval(""), &command("grace", Verdict::Return, Some("add it")), after(1));
    assert_eq!(forged.unwrap_err(), Refusal::NoReturns);
    let stranger = decide(&approval(""), &command("eve", Verdict::Return, Some("add it")), after(1));
    assert!(matches!(stranger, Err(Refusal::NotAnApprover { .. })), "who may is first");
}

#[test]
fn a_comment_is_refused_when_too_long_and_never_cut() {
    let long = "ä".repeat(COMMENT_MAX + 1);
    let refused = decide(&approval(""), &command("grace", Verdict::Approve, Some(&long)), after(1));
    assert_eq!(refused.unwrap_err(), Refusal::CommentTooLong);
    let edge = "ä".repeat(COMMENT_MAX);
    assert!(decide(&approval(""), &command("grace", Verdict::Approve, Some(&edge)), after(1)).is_ok());
}

#[test]
fn an_approval_of_high_risk_has_to_be_confirmed_and_a_rejection_has_not() {
    let ordinary = approval("");
    let mut risky = approval("returns = true");
    risky.request.risk = Some(Risk::High);
    let answers = |confirmed| Answers { confirmed, ..Answers::default() };
    let press = |verdict, yes| Command { answers: answers(yes), ..command("grace", verdict, Some("why")) };
    let unconfirmed = decide(&risky, &press(Verdict::Approve, false), after(1)).unwrap_err();
    assert_eq!(unconfirmed, Refusal::Lacking(Lacking { inputs: Vec::new(), confirmation: true }));
    assert_eq!(intent(decide(&risky, &press(Verdict::Approve, true), after(1))), Intent::Approve);
    assert_eq!(intent(decide(&risky, &press(Verdict::Reject, false), after(1))), Intent::Reject);
    assert_eq!(intent(decide(&risky, &press(Verdict::Return, false), after(1))), Intent::Return);
    assert_eq!(intent(decide(&ordinary, &press(Verdict::Approve, false), after(1))), Intent::Approve);
    let stranger = command("eve", Verdict::Approve, None);
    assert!(matches!(decide(&risky, &stranger, after(1)), Err(Refusal::NotAnApprover { .. })), "who may is first");
}

/// The reconciler may look at a request before the notifier has seen whether its machine may ask.
#[test]
fn nobody_is_called_and_nobody_decides_before_a_caller_is_proven() {
    let rules = "callers = [\"arn:aws:states:*:*:stateMachine:*\"]\nremind_after = [\"1m\"]\nescalate_after = \"2m\"\n\
                 escalate_to = [\"linus\"]";
    let proven = approval(rules);
    let mut unproven = proven.clone();
    unproven.attempt = None;
    let press = command("grace", Verdict::Approve, None);
    assert!(decide(&proven, &press, after(1)).is_ok() && proven.clone().call_again(after(180)));
    assert_eq!(decide(&unproven, &press, after(1)).unwrap_err(), Refusal::Unproven);
    assert!(unproven.next_call().is_none() && !unproven.call_again(after(180)));
}

#[test]
fn a_vote_is_bound_to_what_was_shown() {
    let request = approval("required = 2");
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let mut press = command("grace", verdict, Some("why"));
        press.shown = Some(Hash::over(&serde_json::json!({"title": "something else"})));
        assert_eq!(decide(&request, &press, after(1)).unwrap_err(), Refusal::OtherContent);
        press.shown = Some(request.content_hash());
        assert!(decide(&request, &press, after(1)).is_ok());
    }
    let voted = open(decide(&request, &command("grace", Verdict::Approve, None), after(1)));
    assert_eq!(voted.votes[0].content, request.content_hash());
    let content = Some(request.content_hash());
    assert!(voted.journal.iter().any(|entry| matches!(&entry.what, What::Voted { content: c, .. } if *c == content)));
}

#[test]
fn the_deadline_itself_is_too_late() {
    let press = command("grace", Verdict::Approve, None);
    assert!(decide(&approval(""), &press, after(599)).is_ok());
    for late in [600, 601] {
        let refused = decide(&approval(""), &press, after(late)).unwrap_err();
        assert_eq!(refused, Refusal::TooLate { deadline: after(600) });
    }
}

#[test]
fn after_the_decision_everybody_hears_who_made_it() {
    let Ok(Counted::Decided(mut decided)) = decide(&approval(""), &command("grace", Verdict::Approve, None), after(1))
    else {
        panic!("one approval decides")
    };
    let expected = |confirmed| Refusal::AlreadyDecided {
        verdict: Verdict::Approve,
        confirmed,
        by: vec!["Grace".to_owned()],
        at: after(1),
    };
    for (who, verdict) in [("linus", Verdict::Reject), ("grace", Verdict::Approve)] {
        assert_eq!(decide(&decided, &command(who, verdict, None), after(2)).unwrap_err(), expected(false));
    }
    decided.resolve(Outcome::Approved, after(3));
    assert_eq!(decide(&decided, &command("linus", Verdict::Reject, None), after(700)).unwrap_err(), expected(true));
}

#[test]
fn an_end_without_a_decision_is_named() {
    let mut ended = approval("");
    ended.state = State::Resolved(Resolution { outcome: Outcome::Expired, at: after(600) });
    let refused = decide(&ended, &command("grace", Verdict::Approve, None), after(601)).unwrap_err();
    assert_eq!(refused, Refusal::Closed { outcome: Outcome::Expired, at: after(600) });
}

/// Everybody who may, tried on everything that keeps them from it.
#[test]
fn the_glass_is_broken_by_whom_the_policy_names_and_never_by_whoever_asked() {
    let glass = "required = 2\nself_approval = true\nrequester = \"known\"\nbreak_glass = { who = [\"eve\", \"ada\"] }";
    let broken =
        |request: &Approval, who: &str, reason| decide(request, &command(who, Verdict::BreakGlass, reason), after(1));
    let request = approval(glass);
    let Ok(Counted::Decided(decided)) = broken(&request, "eve", Some("down")) else { panic!("Eve may") };
    assert_eq!(intent(Ok(Counted::Decided(decided.clone()))), Intent::Approve);
    assert!(decided.awaits_acknowledgement() && decided.approvals() == 0 && !decided.is_filled());
    assert_eq!(broken(&request, "ada", Some("down")).unwrap_err(), Refusal::OwnRequest);
    assert_eq!(broken(&request, "grace", Some("down")).unwrap_err(), GlassRefusal::MayNotBreak.into());
    assert_eq!(broken(&approval(""), "eve", Some("down")).unwrap_err(), GlassRefusal::MayNotBreak.into());
    for reason in [None, Some(" \u{200b} ")] {
        assert_eq!(broken(&request, "eve", reason).unwrap_err(), GlassRefusal::NeedsReason.into());
    }
    let eve = command("eve", Verdict::Approve, None);
    assert!(matches!(decide(&request, &eve, after(1)), Err(Refusal::NotAnApprover { .. })), "she may nothing else");
    assert!(matches!(broken(&decided, "eve", Some("down")), Err(Refusal::AlreadyDecided { .. })));
    let late = decide(&request, &command("eve", Verdict::BreakGlass, Some("down")), after(600));
    assert!(matches!(late, Err(Refusal::TooLate { .. })));
    let mut unknown = request.clone();
    unknown.request.requester = None;
    assert_eq!(broken(&unknown, "eve", Some("down")).unwrap_err(), Refusal::OwnRequest, "it may be Eve who asked");
    let mut elsewhere = request.clone();
    elsewhere.apart.insert(eve.person.id.clone(), "manager".to_owned());
    assert!(matches!(broken(&elsewhere, "eve", Some("down")), Err(Refusal::ApprovedElsewhere { .. })));
    let mut alone = request.clone();
    alone.rules.approvers.retain(|person| person.id.as_str() == "eve");
    assert_eq!(broken(&alone, "eve", Some("down")).unwrap_err(), GlassRefusal::NobodyToAcknowledge.into());
    let narrowed = request.rules.narrowed_to(&[command("grace", Verdict::Approve, None).person.id].into());
    assert!(narrowed.break_glass.is_empty(), "who is not named does not break it either");
}

#[test]
fn the_glass_is_acknowledged_once_by_another_approver() {
    use crate::approval::transitions::break_glass::{Acknowledging, acknowledge};

    let by =
        |who: &str| Acknowledging { person: command(who, Verdict::Approve, None).person, platform: Platform::Teams };
    let request = approval("required = 2\nbreak_glass = { who = [\"grace\", \"linus\"] }");
    assert_eq!(acknowledge(&request, &by("linus"), after(1)).unwrap_err(), GlassRefusal::NotBroken.into());
    let Ok(Counted::Decided(broken)) = decide(&request, &command("grace", Verdict::BreakGlass, Some("down")), after(1))
    else {
        panic!("Grace may")
    };
    assert_eq!(acknowledge(&broken, &by("grace"), after(2)).unwrap_err(), GlassRefusal::Own.into());
    for who in ["ada", "eve"] {
        let refused = acknowledge(&broken, &by(who), after(2)).unwrap_err();
        assert_eq!(refused, GlassRefusal::MayNotAcknowledge { approvers: vec!["Linus".to_owned()] }.into(), "{who}");
    }
    let done = acknowledge(&broken, &by("linus"), after(2)).unwrap();
    assert!(!done.awaits_acknowledgement());
    let again = acknowledge(&done, &by("linus"), after(3)).unwrap_err();
    assert_eq!(again, GlassRefusal::AlreadyAcknowledged { by: "Linus".to_owned(), at: after(2) }.into());
}

/// A copy that has heard so many notes hears the next one, whenever the ends became known.
#[test]
fn the_notes_of_a_broken_glass_keep_their_order() {
    use crate::approval::look_up::ExecutionEnd;
    use crate::approval::notes::Note;
    use crate::approval::state::Outcome;
    use crate::approval::transitions::break_glass::{Acknowledging, acknowledge};

    const DAY: i64 = 24 * 3_600;
    let request = approval("required = 2\nbreak_glass = { who = [\"grace\", \"linus\"] }");
    let Ok(Counted::Decided(mut broken)) =
        decide(&request, &command("grace", Verdict::BreakGlass, Some("down")), after(1))
    else {
        panic!("Grace may")
    };
    let mut heard = broken.notes();
    let mut step = |approval: &Approval| {
        let notes = approval.notes();
        assert_eq!(notes[..heard.len()], heard, "what was heard stays where it was");
        heard = notes;
    };
    assert!(!broken.remind_of_glass(after(2 * DAY)), "not before the end");
    broken.resolve(Outcome::Approved, after(2));
    step(&broken);
    assert!(!broken.remind_of_glass(after(DAY)) && broken.remind_of_glass(after(DAY + 1)));
    step(&broken);
    broken.execution_end = Some(ExecutionEnd { status: "SUCCEEDED".to_owned(), output: None });
    step(&broken);
    assert!(broken.remind_of_glass(after(3 * DAY)) && !broken.remind_of_glass(after(3 * DAY)));
    step(&broken);
    let linus = command("linus", Verdict::Approve, None).person;
    let broken =
        acknowledge(&broken, &Acknowledging { person: linus, platform: Platform::Slack }, after(4 * DAY)).unwrap();
    step(&broken);
    let kinds: Vec<bool> = heard.iter().map(|note| matches!(note, Note::GlassReminder { .. })).collect();
    assert_eq!(kinds, [false, false, true, false, true, false]);
    assert_eq!(broken.next_glass_reminder(), None);
}

/// Whatever the policy says of who is called, the same people decide.
#[test]
fn who_is_called_changes_nothing_of_who_decides() {
    let mut random = fastrand::Rng::with_seed(11);
    for rules in [
        "required = 2",
        "required = 2\nself_approval = true",
        "seats = [{ from = [\"finance\"], count = 1 }, { from = [\"linus\"], count = 1 }]",
    ] {
        for _ in 0..200 {
            let mut plain = approval(rules);
            let mut calling = plain.clone();
            let some = |random: &mut fastrand::Rng| -> Vec<PersonId> {
                let approvers = approval(rules).rules.approvers.into_iter();
                approvers.map(|person| person.id).filter(|_| random.bool()).collect()
            };
            let notify = random.bool().then(|| some(&mut random));
            calling.rules.calling = Calling { notify, silent: some(&mut random), direct: random.bool() };
            for second in 1..6 {
                let person = ["ada", "grace", "linus", "eve"][random.usize(..4)];
                let verdict = if random.u8(..4) == 0 { Verdict::Reject } else { Verdict::Approve };
                let decided = [&plain, &calling].map(|one| decide(one, &command(person, verdict, None), after(second)));
                match decided {
                    [Ok(Counted::Open(one)), Ok(Counted::Open(other))]
                    | [Ok(Counted::Decided(one)), Ok(Counted::Decided(other))] => {
                        assert_eq!((&one.state, &one.votes), (&other.state, &other.votes));
                        (plain, calling) = (one, other);
                    }
                    [Err(one), Err(other)] => assert_eq!(one, other),
                    differ => panic!("{differ:?}"),
                }
            }
        }
    }
}
