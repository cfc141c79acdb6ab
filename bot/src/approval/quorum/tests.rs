use super::*;
use crate::approval::audit::What;
use crate::approval::sample::{after, approval, command};
use crate::approval::state::{State, Verdict};
use crate::approval::transitions::decide::{Counted, Refusal, decide};
use crate::messages::answers;

/// Grace may sit on either, Linus only on the second.
const TWO_KINDS: &str = "seats = [{ from = [\"finance\"] }, { from = [\"grace\", \"linus\"], count = 1 }]";
/// Whoever asks may sit as well.
const ALL_OF_TWO_KINDS: &str = "self_approval = true\n\
     seats = [{ from = [\"finance\"] }, { from = [\"linus\"] }]";

fn vote(approval: &Approval, person: &str, verdict: Verdict) -> Result<Approval, Refusal> {
    match decide(approval, &command(person, verdict, Some("why")), after(1))? {
        Counted::Open(next) => {
            assert_eq!(next.state, State::Pending);
            Ok(next)
        }
        Counted::Decided(next) => {
            assert_ne!(next.state, State::Pending);
            Ok(next)
        }
    }
}

fn approve(approval: &Approval, person: &str) -> Approval {
    vote(approval, person, Verdict::Approve).unwrap()
}

fn silent(approval: &Approval) -> Vec<&str> {
    approval.silent().map(|person| person.id.as_str()).collect()
}

#[test]
fn every_seat_is_filled_by_somebody_else_in_any_order() {
    let request = approval(TWO_KINDS);
    assert_eq!((request.rules.required, request.rules.approvers.len()), (2, 3));
    assert_eq!(answers::quorum(&request), "0 of 2 approvals (finance: 0 of 1; Grace or Linus: 0 of 1)");
    let grace = approve(&request, "grace");
    assert_eq!(answers::quorum(&grace), "1 of 2 approvals (finance: Grace; Grace or Linus: 0 of 1)");
    assert!(!grace.is_filled());
    let linus = approve(&request, "linus");
    for decided in [approve(&grace, "linus"), approve(&linus, "grace")] {
        assert!(decided.is_filled() && decided.state != State::Pending);
        assert_eq!(answers::quorum(&decided), "2 of 2 approvals (finance: Grace; Grace or Linus: Linus)");
    }
}

/// However the votes came about, so many of them are no quorum as long as a seat is open.
#[test]
fn enough_approvals_are_not_enough_where_a_seat_is_open() {
    let request = approval(ALL_OF_TWO_KINDS);
    let mut of_finance = approve(&request, "grace");
    of_finance.votes.extend(approve(&request, "ada").votes);
    assert_eq!((of_finance.approvals(), of_finance.rules.required), (2, 2));
    assert!(!of_finance.is_filled());
    of_finance.votes.extend(approve(&request, "linus").votes);
    assert!(of_finance.is_filled());
}

#[test]
fn whoever_sits_makes_room_for_whoever_can_fill_no_other_seat() {
    let request = approval(&format!("self_approval = true\n{TWO_KINDS}"));
    let grace = approve(&request, "grace");
    assert_eq!(grace.seats_of(&command("grace", Verdict::Approve, None).person.id).unwrap().from, ["finance"]);
    let decided = approve(&grace, "ada");
    assert_eq!(answers::quorum(&decided), "2 of 2 approvals (finance: Ada; Grace or Linus: Grace)");
}

#[test]
fn who_can_fill_no_open_seat_may_only_reject() {
    let request = approval(ALL_OF_TWO_KINDS);
    assert_eq!(silent(&request), ["ada", "grace", "linus"]);
    let ada = approve(&request, "ada");
    assert_eq!(silent(&ada), ["linus"]);
    let refused = vote(&ada, "grace", Verdict::Approve).unwrap_err();
    assert_eq!(refused, Refusal::SeatsTaken { open: vec!["Linus".to_owned()] });
    assert_ne!(vote(&ada, "grace", Verdict::Reject).unwrap().state, State::Pending);
    assert!(approve(&ada, "linus").is_filled());
}

#[test]
fn who_is_called_in_may_fill_any_seat_from_then_on() {
    let mut request = approval(&format!("{TWO_KINDS}\nescalate_after = \"2m\"\nescalate_to = [\"eve\", \"linus\"]"));
    assert!(matches!(vote(&request, "eve", Verdict::Approve), Err(Refusal::NotAnApprover { .. })));
    let linus = approve(&request, "linus");
    request.call_again(after(120));
    let (eve, escalated) = (approve(&request, "eve"), {
        let mut linus = linus;
        linus.call_again(after(120));
        linus
    });
    assert_eq!(answers::quorum(&eve), "1 of 2 approvals (finance: Eve; Grace or Linus: 0 of 1)");
    assert!(approve(&eve, "linus").is_filled() && approve(&eve, "grace").is_filled());
    assert!(approve(&escalated, "eve").is_filled());
}

#[test]
fn who_has_approved_elsewhere_decides_neither_way_and_is_left_out() {
    let mut request = approval("required = 1");
    let grace = command("grace", Verdict::Approve, None).person.id;
    request.keep_apart(&[(grace, "manager".to_owned())].into());
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let refused = vote(&request, "grace", verdict).unwrap_err();
        assert_eq!(refused, Refusal::ApprovedElsewhere { policy: "manager".to_owned() });
    }
    assert_eq!(silent(&request), ["linus"]);
    assert!(approve(&request, "linus").is_filled());
}

#[test]
fn the_trail_and_the_output_name_the_seats() {
    let request = approval(TWO_KINDS);
    let What::Raised { seats, required, .. } = &request.journal[0].what else { panic!("it begins with the request") };
    let counts: Vec<_> = seats.iter().map(|seats| (seats.from.join(" "), seats.count)).collect();
    assert_eq!((counts, *required), (vec![("finance".to_owned(), 1), ("grace linus".to_owned(), 1)], 2));
    let decided = approve(&approve(&request, "linus"), "grace");
    let output = crate::approval::transitions::events::DecisionOutput::new(
        &decided,
        crate::approval::state::Status::Approved,
        after(2),
    );
    let output = serde_json::to_value(output).unwrap();
    let seats: Vec<_> = output["decidedBy"].as_array().unwrap().iter().map(|said| said["seat"].clone()).collect();
    assert_eq!(seats, [serde_json::json!(["grace", "linus"]), serde_json::json!(["finance"])]);
}

/// A record of before there were seats has neither key.
#[test]
fn rules_without_seats_are_kept_as_they_were() {
    let rules = serde_json::to_value(&approval("").rules).unwrap();
    assert!(rules.get("seats").is_none() && rules.get("distinctFrom").is_none(), "{rules}");
    let read: crate::approval::policy::Rules = serde_json::from_value(rules).unwrap();
    assert!(read.seats.is_empty() && read.distinct_from.is_empty());
    let seats = approval(TWO_KINDS).rules;
    let read: crate::approval::policy::Rules = serde_json::from_value(serde_json::to_value(&seats).unwrap()).unwrap();
    assert_eq!(read, seats);
}
