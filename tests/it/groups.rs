//! Groups whose members Slack says: asked when a request is raised, kept with it, and closed where nobody can say who is in
//! them.

use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_bot::flow::notify::{self, Error};
use countersign_playground::fakes::{Fault, Profile, SlackUser};
use serde_json::{Value, json};

use crate::support::{Harness, RULES_WITH_TEAMS, START, card_of, policy, shown, texts};

/// Rules under which the members of a user group decide.
fn rules(more: &str) -> String {
    format!("{}\n{more}", RULES_WITH_TEAMS.replace("\"finance\"", "\"oncall\""))
}

async fn world(group: &str, more: &str) -> Harness {
    let policy = policy(&rules(more))
        .replace("board = [", &format!("oncall = {{ slack_usergroup = \"S1\"{group} }}\nboard = ["));
    let harness = Harness::with_policy(&policy, |ports| ports).await;
    for (user, name) in [("U0ZOE", "Zoe"), ("U0MAX", "Max")] {
        harness.world.slack.set_profile(user, Profile { real_name: name.to_owned(), ..Profile::default() });
    }
    harness
}

fn zoe() -> SlackUser {
    SlackUser { id: "U0ZOE".to_owned(), name: "Zoe".to_owned(), team_id: "T0LOCAL".to_owned() }
}

async fn press(harness: &Harness, user: &SlackUser, approval: &Approval, action: &str) {
    let (channel, ts) = card_of(&harness.record(&approval.id));
    assert_eq!(harness.world.slack.press(user, &channel, &ts, action, None).await.unwrap(), 200);
}

fn approvers(approval: &Approval) -> Vec<&str> {
    approval.rules.approvers.iter().map(|person| person.id.as_str()).collect()
}

fn input(requested_by: &str) -> Value {
    json!({
        "taskToken": "t".repeat(700), "stateEnteredAt": START, "timeoutSeconds": 600,
        "executionArn": "arn:aws:states:local:000000000000:execution:calculation:by-hand",
        "approval": {"policy": "calculation", "title": "Deploy", "requestedBy": requested_by},
    })
}

async fn refused(harness: &Harness, requested_by: &str) -> Error {
    let error = notify::notify(&harness.world.bot().app, input(requested_by)).await.unwrap_err();
    assert!(harness.world.store.all().is_empty(), "nobody is asked");
    error
}

#[tokio::test]
async fn the_members_of_the_moment_decide_and_no_others() {
    let harness = world("", "required = 2").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ZOE"]);
    let approval = harness.ask().await;
    assert_eq!(approvers(&approval), ["grace", "slack-t0local-u0zoe"]);
    assert!(shown(&harness.card(&approval)).contains("May decide: Grace Hopper and Zoe"));
    assert_eq!(harness.world.slack.notified("U0ZOE").len(), 1, "a member is called like anybody");
    harness.world.slack.set_usergroup("S1", &["U0MAX"]);
    press(&harness, &SlackUser { id: "U0MAX".to_owned(), ..zoe() }, &approval, "approve").await;
    let told = harness.world.slack.ephemerals().pop().unwrap().text;
    assert!(told.starts_with("You cannot decide on this request. It waits for Grace Hopper or Zoe"), "{told}");
    press(&harness, &zoe(), &approval, "approve").await;
    harness.settled(&approval, Status::Pending).await;
    press(&harness, &zoe(), &approval, "approve").await;
    assert_eq!(harness.record(&approval.id).approvals(), 1, "a person counts once");
    assert_eq!(harness.record(&approval.id).votes[0].name, "Zoe");
    harness.press("grace", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(shown(&harness.card(&record)).contains("Zoe"));
}

/// Whoever is asked may ask about it, and a colleague who is not asked learns nothing by an id.
#[tokio::test]
async fn a_member_hears_of_what_asks_them_and_of_nothing_else() {
    let harness = world("", "").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ZOE"]);
    let approval = harness.ask().await;
    let max = SlackUser { id: "U0MAX".to_owned(), ..zoe() };
    for (user, typed, expected) in [
        (&zoe(), String::new(), approval.id.as_str()),
        (&zoe(), format!("show {}", approval.id), "You may approve or reject it."),
        (&zoe(), format!("cancel {}", approval.id), "Only Ada Lovelace"),
        (&max, String::new(), "Nothing waits"),
        (&max, format!("show {}", approval.id), "This approval is not known here."),
        (&max, format!("cancel {}", approval.id), "This approval is not known here."),
        (&max, format!("break-glass {} fire", approval.id), "This approval is not known here."),
        (&max, format!("acknowledge {}", approval.id), "This approval is not known here."),
    ] {
        let told = harness.world.slack.command(user, "C0FINANCE", "/approvals", &typed).await;
        let told = texts(&told.blocks).concat();
        assert!(told.contains(expected), "{} {typed}: {told}", user.id);
    }
    harness.settled(&approval, Status::Pending).await;
}

#[tokio::test]
async fn a_member_who_is_away_has_somebody_stand_in_as_anybody_has() {
    let harness = world("", "delegates = [\"linus\"]").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ZOE"]);
    let says = "away until friday for linus";
    let told = harness.world.slack.command(&zoe(), "C0FINANCE", "/approvals", says).await;
    let told = texts(&told.blocks).concat();
    assert!(told.contains("stands in for you until"), "{told}");
    let approval = harness.ask().await;
    harness.press("linus", &approval, "approve", None).await;
    let record = harness.settled(&approval, Status::Approved).await;
    assert!(shown(&harness.card(&record)).contains("Linus Pauling for Zoe"));
}

#[tokio::test]
async fn who_was_in_it_is_kept_and_shown() {
    let harness = world("", "").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ZOE"]);
    let approval = harness.ask().await;
    let show = format!("show {}", approval.id);
    let told = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", &show).await;
    let told = texts(&told.blocks).concat();
    assert!(told.contains("In the group oncall when it was asked: Grace Hopper and Zoe"), "{told}");
    let pending = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", "").await;
    assert!(texts(&pending.blocks).concat().contains(approval.id.as_str()), "it waits for her");
}

/// By whichever name they ask, whoever is in the group does not approve what they have asked for.
#[tokio::test]
async fn nobody_approves_their_own_request_by_another_name() {
    for name in ["Zoe", " ZOE ", "U0ZOE", "<@U0ZOE|whoever>", "T0LOCAL:U0ZOE"] {
        let harness = world("", "").await;
        harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ZOE"]);
        let request = json!({"policy": "calculation", "title": "Deploy", "requestedBy": name});
        let approval = harness.ask_for(&request).await;
        press(&harness, &zoe(), &approval, "approve").await;
        let told = harness.world.slack.ephemerals().pop().unwrap().text;
        assert!(told.starts_with("You asked for this yourself"), "{name}: {told}");
        assert!(harness.record(&approval.id).votes.is_empty(), "{name}");
    }
    // Ada has an entry with her id, and is in the group by it.
    let harness = world("", "").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ADA"]);
    let approval = harness.ask().await;
    harness.press("ada", &approval, "approve", None).await;
    assert!(harness.whispers("ada").pop().unwrap().starts_with("You asked for this yourself"));
    harness.press_in_teams("ada", &approval, "approve", &[]).await;
    assert!(harness.record(&approval.id).votes.is_empty());
}

#[tokio::test]
async fn an_entry_that_is_made_later_is_the_same_person() {
    let harness = world("", "required = 2").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE", "U0ZOE"]);
    let approval = harness.ask().await;
    let zoes =
        "[people.zoe]\nname = \"Zoe Zett\"\nslack = \"U0ZOE\"\n[groups]\noncall = { slack_usergroup = \"S1\" }\n";
    let with_entry = policy(&rules("required = 2")).replace("[groups]", zoes);
    let source = countersign_playground::world::Source::new("with Zoe", &with_entry);
    harness.world.push_policy(&source).await.unwrap();
    press(&harness, &zoe(), &approval, "approve").await;
    press(&harness, &zoe(), &approval, "approve").await;
    let record = harness.record(&approval.id);
    assert_eq!((record.approvals(), record.votes[0].person.as_str()), (1, "slack-t0local-u0zoe"));
}

#[tokio::test]
async fn bots_those_who_have_left_and_other_companies_are_left_out() {
    let harness = world("", "").await;
    let slack = &harness.world.slack;
    let profile = |change: fn(&mut Profile)| {
        let mut profile = Profile { real_name: "Robot".to_owned(), ..Profile::default() };
        change(&mut profile);
        profile
    };
    slack.set_profile("U0BOT", profile(|profile| profile.is_bot = true));
    slack.set_profile("U0GUEST", profile(|profile| profile.team_id = "T0OTHER".to_owned()));
    slack.set_profile("U0LEFT", profile(|_| {}));
    slack.deactivate("U0LEFT");
    slack.set_profile("USLACKBOT", profile(|_| {}));
    slack.set_usergroup("S1", &["U0BOT", "U0GUEST", "U0LEFT", "USLACKBOT", "U0GRACE"]);
    assert_eq!(approvers(&harness.ask().await), ["grace"]);
    let nobody = world("", "").await;
    nobody.world.slack.set_profile("U0BOT", profile(|profile| profile.is_bot = true));
    nobody.world.slack.set_usergroup("S1", &["U0BOT"]);
    assert!(refused(&nobody, "linus").await.to_string().contains("nobody in it who could decide"));
}

#[tokio::test]
async fn a_group_that_nobody_can_be_asked_of_refuses_the_request_by_its_name() {
    let harness = world("", "").await;
    let slack = &harness.world.slack;
    let text = |error: &Error| (error.name(), error.to_string());
    let (name, told) = text(&refused(&harness, "linus").await);
    assert_eq!(name, "InvalidApprovalRequest");
    assert_eq!(told, "approval.policy: its group `oncall`: Slack refused the call: no_such_subteam");
    slack.set_usergroup("S1", &[]);
    assert!(text(&refused(&harness, "linus").await).1.contains("`oncall`: it has nobody in it"));
    slack.set_usergroup("S1", &["U0GRACE"]);
    slack.disable_usergroup("S1");
    assert!(text(&refused(&harness, "linus").await).1.contains("`oncall`: it has nobody in it"));
    let many: Vec<String> = (0..41).map(|n| format!("U{n}")).collect();
    slack.set_usergroup("S1", &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(text(&refused(&harness, "linus").await).1.contains("`oncall`: it has 41 members, at most 40"));
    slack.set_usergroup("S1", &["U0NAMESAKE"]);
    slack.set_profile("U0NAMESAKE", Profile { real_name: "grace  HOPPER".to_owned(), ..Profile::default() });
    assert!(text(&refused(&harness, "linus").await).1.contains("has the name of `grace`"), "it could be she");
    slack.fail_always("usergroups.users.list", Some(Fault::NotOk("missing_scope".to_owned())));
    assert!(text(&refused(&harness, "linus").await).1.ends_with("Slack refused the call: missing_scope"));
    slack.fail_always("usergroups.users.list", Some(Fault::Status(503)));
    let (name, told) = text(&refused(&harness, "linus").await);
    assert_eq!(name, "ApprovalStoreUnavailable", "the state asks again");
    assert!(told.contains("`oncall`: Slack answered with status 503"), "{told}");
}

#[tokio::test]
async fn a_trouble_that_passes_keeps_nobody_from_being_asked() {
    let harness = world("", "").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE"]);
    harness.world.slack.fail_next("usergroups.users.list", Fault::Status(503));
    harness.world.slack.fail_next("usergroups.users.list", Fault::NotOk("internal_error".to_owned()));
    assert_eq!(approvers(&harness.ask().await), ["grace"]);
}

#[tokio::test]
async fn a_quorum_that_the_members_cannot_fill_is_said_at_once() {
    let harness = world("", "required = 2").await;
    harness.world.slack.set_usergroup("S1", &["U0GRACE"]);
    let told = refused(&harness, "linus").await.to_string();
    assert!(told.contains("required is 2, the distinct approvers are 1"), "{told}");
}

#[tokio::test]
async fn a_fallback_decides_where_the_group_cannot_be_asked_and_everybody_can_see_it() {
    let harness = world(", fallback = \"board\"", "").await;
    let approval = harness.ask().await;
    assert_eq!(approvers(&approval), ["grace"]);
    let show = format!("show {}", approval.id);
    let told = harness.world.slack.command(&harness.user("grace"), "C0FINANCE", "/approvals", &show).await;
    let told = texts(&told.blocks).concat();
    assert!(told.contains("Nobody could say who is in the group oncall, so the group board decides"), "{told}");
    press(&harness, &zoe(), &approval, "approve").await;
    assert!(harness.record(&approval.id).votes.is_empty(), "who is not in the fallback does not decide");
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}

#[tokio::test]
async fn a_request_may_name_the_group_that_alone_decides() {
    let harness = world("", "").await;
    harness.world.slack.set_usergroup("S1", &["U0ZOE"]);
    let request = json!({"policy": "calculation", "title": "Deploy", "requestedBy": "linus", "approvers": ["oncall"]});
    let approval = harness.ask_for(&request).await;
    assert_eq!(approvers(&approval), ["slack-t0local-u0zoe"]);
}

#[tokio::test]
async fn whoever_is_in_no_live_group_is_as_unknown_as_before() {
    let harness = Harness::with_rules(RULES_WITH_TEAMS).await;
    let approval = harness.ask().await;
    press(&harness, &zoe(), &approval, "approve").await;
    let told = harness.world.slack.ephemerals().pop().unwrap().text;
    assert_eq!(told, "You are not listed in the policy of this app. Its administrator can add you.");
}
