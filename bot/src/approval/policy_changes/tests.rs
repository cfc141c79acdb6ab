//! A change is told by what it lets people do.

use super::*;
use crate::approval::policy::NoPolicy;
use crate::approval::policy_file;

const POLICY: &str = r#"
[access]
slack_teams = ["T1"]
[people.ada]
name = "Ada"
slack = "U1"
email = "ada@example.com"
[people.grace]
name = "Grace"
slack = "U2"
[people.linus]
name = "Linus"
slack = "U3"
[groups]
finance = ["ada", "grace"]
[policies.pay]
approvers = ["finance"]
slack_channel = "C1"
[commands.pay]
state_machine = "payments"
policy = "pay"
allowed = ["ada"]
"#;

/// What is told of a policy in which these texts stand for those.
fn told(replaced: &[(&str, &str)]) -> Vec<String> {
    let mut text = POLICY.to_owned();
    for (before, after) in replaced {
        assert!(text.contains(before), "{before}");
        text = text.replace(before, after);
    }
    let [before, after] = [POLICY, &text].map(|text| policy_file::read(text).unwrap());
    changes(&before, &after).iter().map(ToString::to_string).collect()
}

#[test]
fn the_same_policy_in_other_words_changes_nothing() {
    let words = [("[\"ada\", \"grace\"]", "[\"grace\", \"ada\"]"), ("[\"finance\"]", "[\"grace\", \"finance\"]")];
    assert_eq!(told(&words), [""; 0]);
}

/// Requests name groups to say who alone decides.
#[test]
fn who_is_in_which_group_is_told() {
    let others = [
        ("[\"finance\"]", "[\"ada\", \"grace\"]"),
        ("[\"ada\", \"grace\"]\n[policies", "[\"ada\", \"linus\"]\n[policies"),
    ];
    assert_eq!(
        told(&others),
        ["Linus (linus) is in the group finance", "Grace (grace) is no longer in the group finance"]
    );
}

/// Whoever confirms sees all of it.
#[test]
fn what_is_new_is_told_with_all_that_it_says() {
    let person = "[people.linus]\nname = \"Linus\"";
    let eve = format!("[people.eve]\nname = \"Eve\"\nslack = \"U9\"\nemail = \"eve@example.com\"\n{person}");
    let policy = "[policies.hotfix]\napprovers = [\"ada\"]\nself_approval = true\ndelegates = [\"eve\"]\n\
                  escalate_after = \"1m\"\nescalate_to = [\"eve\"]\nslack_channel = \"C1\"\n\
                  [commands.fix]\nstate_machine = \"fix\"\npolicy = \"hotfix\"\n[commands.pay]";
    assert_eq!(
        told(&[(person, &eve), ("[commands.pay]", policy)]),
        [
            "Eve (eve) is a person of the policy now",
            "the id in Slack of Eve (eve): T1:U9, and was none",
            "the address of Eve (eve): eve@example.com, and was none",
            "policy hotfix is new: 1 of Ada (ada) must approve",
            "Eve (eve) may approve under hotfix after an escalation",
            "delegates of policy hotfix: eve, and was nobody",
            "escalate_after of policy hotfix: 1m, and was none",
            "requester of policy hotfix: optional, and was known",
            "self_approval of policy hotfix: true, and was false",
            "the conversation in Slack of policy hotfix: C1, and was none",
            "command fix is new: everybody of the policy may start it",
            "state_machine of command fix: fix, and was none",
            "policy of command fix: hotfix, and was none",
        ]
    );
}

#[test]
fn a_member_of_a_group_may_approve_what_the_group_may() {
    let joined = [("[\"ada\", \"grace\"]", "[\"ada\", \"linus\"]")];
    assert_eq!(
        told(&joined),
        [
            "Linus (linus) is in the group finance",
            "Grace (grace) is no longer in the group finance",
            "Linus (linus) may approve under pay",
            "Grace (grace) may no longer approve under pay",
        ]
    );
}

#[test]
fn every_rule_that_is_another_is_told_with_what_it_was() {
    let rules = "slack_channel = \"C2\"\nrequired = 2\nself_approval = true\nreason_on_reject = true\n\
                 remind_after = [\"30m\"]\nescalate_after = \"1h\"\nescalate_to = [\"linus\"]\n\
                 quiet_hours = { from = \"22:00\", to = \"07:00\", time_zone = \"Europe/Berlin\" }\n\
                 show_result = [\"status\"]\ngive_up_after = \"10m\"\n\
                 callers = [\"arn:aws:states:*:*:stateMachine:pay-*\"]";
    assert_eq!(
        told(&[("slack_channel = \"C1\"", rules)]),
        [
            "Linus (linus) may approve under pay after an escalation",
            "callers of policy pay: arn:aws:states:*:*:stateMachine:pay-*, and was any",
            "escalate_after of policy pay: 1h, and was none",
            "give_up_after of policy pay: 10m, and was none",
            "quiet_hours of policy pay: from 22:00:00 to 07:00:00 in Europe/Berlin, and was none",
            "reason_on_reject of policy pay: true, and was false",
            "remind_after of policy pay: 30m, and was none",
            "requester of policy pay: optional, and was known",
            "required of policy pay: 2, and was 1",
            "self_approval of policy pay: true, and was false",
            "show_result of policy pay: status, and was none",
            "the conversation in Slack of policy pay: C2, and was C1",
        ]
    );
}

#[test]
fn who_may_fill_which_seats_is_told() {
    let seats = "seats = [{ from = [\"finance\"], count = 1 }, { from = [\"grace\"], count = 1 }]\n\
                 distinct_from = [\"plan\"]\n[policies.plan]\napprovers = [\"linus\"]\nslack_channel = \"C1\"";
    let told =
        told(&[("approvers = [\"finance\"]\nslack_channel = \"C1\"", &format!("slack_channel = \"C1\"\n{seats}"))]);
    let said = |line: &str| assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
    said("seats of policy pay: 1 of finance (ada, grace), 1 of grace (grace), and was none");
    said("distinct_from of policy pay: plan, and was none");
}

#[test]
fn who_is_who_is_told_since_it_says_who_may_approve() {
    let others = [
        ("slack = \"U2\"", "slack = \"U9\""),
        ("[people.linus]", "[people.eve]"),
        ("name = \"Linus\"", "name = \"Eve\""),
        ("[\"T1\"]", "[\"T2\"]"),
    ];
    assert_eq!(
        told(&others),
        [
            "Slack T2 is let in",
            "Slack T1 is no longer let in",
            "the id in Slack of Ada (ada): T2:U1, and was T1:U1",
            "Eve (eve) is a person of the policy now",
            "the id in Slack of Eve (eve): T2:U3, and was none",
            "the id in Slack of Grace (grace): T2:U9, and was T1:U2",
            "Linus (linus) is no longer a person of the policy",
        ]
    );
}

#[test]
fn who_may_start_what_is_told() {
    let others = told(&[("allowed = [\"ada\"]", "allowed = [\"grace\"]\ntitle = \"Pay now\"")]);
    assert_eq!(others[..2], ["Grace (grace) may start pay", "Ada (ada) may no longer start pay"]);
    assert!(others[2].starts_with("title of command pay: Pay now, and was "), "{others:?}");
    let all = told(&[("allowed = [\"ada\"]\n", "")]);
    assert_eq!(all, ["allowed of command pay: everybody of the policy, and was Ada (ada)"]);
    assert_eq!(told(&[("[commands.pay]", "[commands.send]")]).last().unwrap(), "command pay is gone");
}

#[test]
fn everything_of_the_first_policy_is_new() {
    let first = policy_file::read(POLICY).unwrap();
    let told: Vec<String> =
        changes(&Policy::none(NoPolicy::NotPushed), &first).iter().map(ToString::to_string).collect();
    let said = |line: &str| assert!(told.iter().any(|told| told == line), "{line}: {told:?}");
    said("Slack T1 is let in");
    said("the address of Ada (ada): ada@example.com, and was none");
    said("Ada (ada) is in the group finance");
    said("policy pay is new: 1 of Ada (ada), Grace (grace) must approve");
    said("command pay is new: Ada (ada) may start it");
    said("state_machine of command pay: payments, and was none");
}

#[test]
fn an_account_that_may_ask_is_told_with_its_regions() {
    let account = "[accounts.111122223333]\nname = \"payments\"\nregions = [\"us-east-1\", \"eu-west-1\"]\n";
    let with = |more: &str| policy_file::read(&format!("{POLICY}{account}{more}")).unwrap();
    let without = policy_file::read(POLICY).unwrap();
    let told = |before: &Policy, after: &Policy| -> Vec<String> {
        changes(before, after).iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        told(&without, &with("")),
        ["executions of account 111122223333 (payments) may ask, in eu-west-1, us-east-1"]
    );
    assert_eq!(
        told(&with(""), &without),
        ["executions of account 111122223333 (payments) may no longer ask, and what they have asked is not completed"]
    );
    assert_eq!(
        told(&with(""), &with("role = \"approvals\"\nexternal_id = \"3f1c\"")),
        [
            "role of account 111122223333: approvals, and was countersign-spoke",
            "external_id of account 111122223333: 3f1c, and was that of the deployment"
        ]
    );
}

#[test]
fn who_is_called_is_told() {
    let rules = ("slack_channel = \"C1\"", "slack_channel = \"C1\"\nnotify = [\"ada\"]\nsilent = [\"grace\"]");
    assert_eq!(
        told(&[rules]),
        ["notify of policy pay: ada, and was those who may decide", "silent of policy pay: grace, and was nobody"]
    );
}

#[test]
fn a_group_that_slack_keeps_is_told() {
    let group = (
        "finance = [\"ada\", \"grace\"]",
        "finance = { slack_usergroup = \"S1\", fallback = \"few\" }\nfew = [\"ada\"]",
    );
    let told = told(&[group]);
    for line in [
        "members of group finance: those of the user group S1 in Slack, or else the group few, and were ada, grace",
        "policy pay names the group finance, whose members Slack says",
        "Ada (ada) may no longer approve under pay",
    ] {
        assert!(told.iter().any(|change| change == line), "{line}: {told:?}");
    }
}
