//! A key of the policy that is given to somebody else, an address that is moved, and somebody who leaves: what was asked of
//! one human, or said by one, is of no use to another.

use countersign_bot::approval::delegation::Delegation;
use countersign_bot::approval::ids::PersonId;
use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::ports::Store;
use countersign_playground::browser::Answer;
use countersign_playground::markup::Markup;
use countersign_playground::world::Source;
use serde_json::json;

use crate::support::said::{assert_may_not_decide, in_slack, in_teams};
use crate::support::{Harness, RULES_WITH_TEAMS, policy, shown, texts};

const SOMEBODY_ELSE: &str = "Your entry in the policy meant somebody else when this was asked.";
const DELEGATES: &str = "delegates = [\"linus\", \"ada\"]";

async fn with(more: &str) -> Harness {
    Harness::with_rules(&rules(more)).await
}

fn rules(more: &str) -> String {
    format!("{RULES_WITH_TEAMS}\n{more}")
}

async fn push(harness: &Harness, policy: &str) {
    harness.world.push_policy(&Source::new("policy.toml", policy)).await.unwrap();
}

/// The policy in which the key is somebody else's, with other accounts and another address.
fn given_away(policy: &str, key: &str) -> String {
    let upper = key.to_uppercase();
    let number = match key {
        "ada" => 1,
        "grace" => 2,
        _ => 3,
    };
    let changed = policy
        .replace(&format!("\"U0{upper}\""), &format!("\"U0NEW{upper}\""))
        .replace(&format!("-00000000000{number}"), &format!("-00000000001{number}"))
        .replace(&format!("{key}@example.com"), "new@example.com");
    for (first, last) in [("Ada", "Lovelace"), ("Grace", "Hopper"), ("Linus", "Pauling")] {
        if first.to_lowercase() == key {
            return changed.replace(&format!("{first} {last}"), &format!("{first} New"));
        }
    }
    panic!("nobody has the key {key}")
}

fn cards(harness: &Harness, approval: &Approval) -> [String; 2] {
    [shown(&harness.card(approval)), texts(&harness.teams_card(approval).card.unwrap()).concat()]
}

/// The form of a page, with this chosen, as it is submitted.
fn filled(page: &Answer, verdict: &str) -> Vec<(String, String)> {
    let form = Markup::read(&page.body).forms.into_iter().next().unwrap();
    form.answered(&[("verdict", verdict)])
}

/// Opens the link and submits the form of a page that was served before.
async fn assert_opens_nothing(harness: &Harness, link: &str, form: &[(String, String)]) {
    for answer in [harness.browser.get(link).await.unwrap(), harness.browser.post_form(link, &form).await.unwrap()] {
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(
            answer.body.contains("This link no longer counts") && answer.body.contains("in chat"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("Calculation") && !answer.body.contains("<form"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_key_that_is_given_to_somebody_else_takes_nothing_with_it() {
    let harness = with("").await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    let form = filled(&harness.browser.get(&link).await.unwrap(), "approve");
    push(&harness, &given_away(&policy(&rules("")), "grace")).await;

    assert_opens_nothing(&harness, &link, &form).await;
    assert_may_not_decide(&harness, "grace", &approval, SOMEBODY_ELSE).await;
    for list in [in_slack(&harness, "grace", "").await, in_teams(&harness, "grace", "pending").await] {
        assert!(!list.contains(approval.id.as_str()), "{list}");
    }
    let explained = in_slack(&harness, "grace", &format!("show {}", approval.id)).await;
    assert!(explained.contains(SOMEBODY_ELSE), "{explained}");

    let next = harness.ask_again("1 2").await;
    harness.press("grace", &next, "approve", None).await;
    let next = harness.settled(&next, Status::Approved).await;
    assert_eq!(next.votes[0].name, "Grace New", "what is asked from now on is hers");
}

#[tokio::test]
async fn nobody_takes_back_what_somebody_else_has_asked_for_who_had_their_key() {
    let harness = with("").await;
    let approval = harness.ask().await;
    push(&harness, &given_away(&policy(&rules("")), "ada")).await;
    for told in [
        in_slack(&harness, "ada", &format!("cancel {}", approval.id)).await,
        in_teams(&harness, "ada", &format!("cancel {}", approval.id)).await,
    ] {
        assert!(told.contains(SOMEBODY_ELSE), "{told}");
    }
    assert!(!in_slack(&harness, "ada", "").await.contains(approval.id.as_str()), "she has not asked for it");
    assert_eq!(harness.record(&approval.id).status(), Status::Pending);
}

#[tokio::test]
async fn nobody_breaks_the_glass_or_acknowledges_it_with_the_key_of_somebody_else() {
    let glass = "required = 2\nself_approval = true\nbreak_glass = { who = [\"linus\", \"ada\"] }";
    let before = policy(&rules(glass)).replace("\"optional\"", "\"known\"");
    let harness = Harness::with_policy(&before, |ports| ports).await;
    let approval = harness.ask().await;
    let breaks = format!("break-glass {} The shop is down", approval.id);

    push(&harness, &given_away(&before, "linus")).await;
    for told in [in_slack(&harness, "linus", &breaks).await, in_teams(&harness, "linus", &breaks).await] {
        assert!(told.contains(SOMEBODY_ELSE), "{told}");
    }
    assert!(harness.record(&approval.id).votes.is_empty());

    push(&harness, &given_away(&before, "grace")).await;
    let told = in_slack(&harness, "linus", &breaks).await;
    assert!(told.contains("You have broken the glass"), "he has his accounts again: {told}");
    harness.settled(&approval, Status::Approved).await;
    let acknowledges = format!("acknowledge {}", approval.id);
    for told in [in_slack(&harness, "grace", &acknowledges).await, in_teams(&harness, "grace", &acknowledges).await] {
        assert!(told.contains(SOMEBODY_ELSE), "{told}");
    }
    assert!(!in_slack(&harness, "grace", "").await.contains(approval.id.as_str()));
    let told = in_slack(&harness, "ada", &acknowledges).await;
    assert!(!told.contains(SOMEBODY_ELSE) && !told.contains("cannot"), "{told}");
}

#[tokio::test]
async fn a_link_ends_with_the_mailbox_that_it_was_sent_to_and_the_same_human_decides_in_chat() {
    let harness = with("").await;
    let approval = harness.ask().await;
    let link = harness.link("grace");
    let form = filled(&harness.browser.get(&link).await.unwrap(), "approve");
    push(&harness, &policy(&rules("")).replace("grace@example.com", "hopper@example.com")).await;
    assert_opens_nothing(&harness, &link, &form).await;
    assert!(harness.record(&approval.id).votes.is_empty());
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn accounts_that_are_added_or_moved_stop_nobody_whose_others_have_stayed() {
    let harness = with("").await;
    let approval = harness.ask().await;
    let moved = policy(&rules("")).replace("U0GRACE", "U0MOVED").replace("grace@example.com", "Grace@Example.com");
    push(&harness, &moved).await;
    let page = harness.post(&harness.link("grace"), "approve", "").await;
    assert_eq!(page.status, 200, "{}", page.body);
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn what_somebody_said_who_has_left_holds_no_longer_and_passes_to_nobody() {
    let harness = with(DELEGATES).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    let approval = harness.ask().await;
    let left = policy(&rules("delegates = [\"linus\"]")).replace("[\"ada\", \"grace\"]", "[\"ada\"]");
    push(&harness, &left.replace("[\"grace\"]", "[\"ada\"]").replace("[people.grace]", "[people.gone]")).await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    let approval = harness.settled(&approval, Status::Pending).await;
    for card in cards(&harness, &approval) {
        assert!(!card.contains("stands in for"), "{card}");
    }
    for list in [in_slack(&harness, "linus", "").await, in_teams(&harness, "linus", "pending").await] {
        assert!(!list.contains("You stand in for") && !list.contains(approval.id.as_str()), "{list}");
    }

    push(&harness, &given_away(&policy(&rules(DELEGATES)), "grace")).await;
    let next = harness.ask_again("1 2").await;
    for card in cards(&harness, &next) {
        assert!(!card.contains("stands in for"), "{card}");
    }
    for approval in [&approval, &next] {
        assert_may_not_decide(&harness, "linus", approval, "You cannot decide on this request").await;
    }
    for told in [in_slack(&harness, "grace", "away").await, in_teams(&harness, "grace", "away").await] {
        assert!(told.starts_with("Nobody stands in for you."), "she has said nothing: {told}");
    }
    // What she says herself is of no use where somebody else was asked who had her key.
    in_slack(&harness, "grace", "away until friday for linus").await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    harness.press("linus", &next, "approve", None).await;
    harness.settled(&next, Status::Approved).await;
}

#[tokio::test]
async fn nobody_stands_in_who_has_got_the_key_of_whoever_was_named() {
    let harness = with(DELEGATES).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    push(&harness, &given_away(&policy(&rules(DELEGATES)), "linus")).await;
    let approval = harness.ask().await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    assert!(!in_slack(&harness, "linus", "").await.contains("You stand in for"));
}

#[tokio::test]
async fn whoever_has_other_accounts_since_is_told_and_says_it_again() {
    let harness = with(DELEGATES).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    push(&harness, &policy(&rules(DELEGATES)).replace("U0GRACE", "U0MOVED")).await;
    let approval = harness.ask().await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    for told in [in_slack(&harness, "grace", "").await, in_teams(&harness, "grace", "away").await] {
        assert!(told.contains("What you said of Linus Pauling no longer holds"), "{told}");
    }
    in_teams(&harness, "grace", "away until friday for linus").await;
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn who_stands_in_does_so_under_the_policies_that_were_named_and_no_others() {
    let other = "\n[policies.other]\napprovers = [\"grace\"]\nrequester = \"optional\"\nslack_channel = \"C0FINANCE\"\n\
                 teams_conversation = \"19:finance@thread.tacv2\"\n";
    let harness = Harness::with_policy(&(policy(&rules(DELEGATES)) + other), |ports| ports).await;
    let told = in_slack(&harness, "grace", "away until friday for linus").await;
    assert!(told.contains("under calculation.") && !told.contains("other"), "{told}");
    push(&harness, &(policy(&rules(DELEGATES)) + other + "delegates = [\"linus\"]\n")).await;
    let approval = harness.ask_for(&json!({ "policy": "other", "title": "Pay" })).await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    assert!(!in_slack(&harness, "linus", "").await.contains(approval.id.as_str()));
    in_slack(&harness, "grace", "away until friday for linus").await;
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

/// The policy that was named is there, and names others now.
#[tokio::test]
async fn who_stands_in_does_so_as_long_as_the_policy_lets_them() {
    let harness = with(DELEGATES).await;
    in_slack(&harness, "grace", "away until friday for linus").await;
    push(&harness, &policy(&rules("delegates = [\"ada\"]"))).await;
    let approval = harness.ask().await;
    for card in cards(&harness, &approval) {
        assert!(!card.contains("stands in for"), "{card}");
    }
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    assert!(!in_slack(&harness, "linus", "").await.contains("You stand in for"));
}

#[tokio::test]
async fn what_was_said_before_it_was_kept_of_whom_it_was_said_holds_no_longer_and_they_are_told() {
    let harness = with(DELEGATES).await;
    let person = |key: &str| PersonId::parse(key).unwrap();
    let old = Delegation {
        absent: person("grace"),
        delegate: Some(person("linus")),
        until: "2026-11-28T00:00:00Z".parse().unwrap(),
        said_at: harness.now(),
        platform: Platform::Slack,
        number: 1,
        terms: None,
        pace: None,
    };
    assert!(harness.world.store.delegate(&old).await.unwrap());
    let approval = harness.ask().await;
    assert_may_not_decide(&harness, "linus", &approval, "You cannot decide on this request").await;
    let told = in_slack(&harness, "grace", "").await;
    assert!(told.contains("What you said of Linus Pauling no longer holds"), "{told}");
    in_slack(&harness, "grace", "away until friday for linus").await;
    harness.press("linus", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}
