//! The largest record there can be, and what Step Functions and the bus are told from it.

use std::fmt::Write;

use jiff::SignedDuration;

use super::*;
use crate::approval::audit::What;
use crate::approval::break_glass::{Acknowledgement, Told};
use crate::approval::fields::{Field, OPTION_MAX};
use crate::approval::ids::PersonId;
use crate::approval::limits::{
    ANSWERERS_MAX, ANSWERS_MAX_BYTES, COMMENT_MAX, DETAIL_TITLE_MAX, DETAILS_AND_INPUTS_MAX, DETAILS_TOGETHER_MAX,
    FACT_NAME_MAX, FACT_VALUE_MAX, INPUTS_FORM_MAX, INPUTS_MAX, SUMMARY_MAX, TITLE_MAX, TOGETHER_MAX,
};
use crate::approval::live_groups::{AskedGroup, GROUPS_MAX, MEMBERS_MAX, NAMED_MAX};
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::policy::{Person, Policy, PolicySource};
use crate::approval::policy_file;
use crate::approval::request::{self, Answers, Fact};
use crate::approval::sample::after;
use crate::approval::state::{Status, Verdict};
use crate::approval::transitions::decide::{Command, Counted, decide};
use crate::approval::transitions::events::DecisionOutput;

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items>
const ITEM_MAX: usize = 400 * 1024;
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>
const OUTPUT_MAX: usize = 262_144;
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html>
const CAUSE_MAX: usize = 32_768;

/// So many have to approve where there are seats, five kinds of sixteen.
const SEATED: usize = 80;

/// So many may decide at most where somebody may stand in for them.
const STOOD_IN_FOR: usize = 50;

/// Of a hundred people with the longest names in this script so many have to approve; with seats as many as may be.
fn policy(letter: &str, required: usize) -> String {
    let mut text = String::new();
    let ids: Vec<String> = (0..100).map(|number| format!("{number:03}{}", "p".repeat(61))).collect();
    for (number, id) in ids.iter().enumerate() {
        let name = format!("{number:03}{}", letter.repeat(77));
        let teams = format!("00000000-0000-4000-8000-{number:012}");
        writeln!(text, "[people.\"{id}\"]\nname = \"{name}\"\nslack = \"U{number:010}\"\nteams = \"{teams}\"").unwrap();
        writeln!(text, "email = \"{number:03}{}@example.com\"", "m".repeat(60)).unwrap();
    }
    let reminders: Vec<String> = (1..=20).map(|minute| format!("\"{minute}m\"")).collect();
    writeln!(text, "[access]\nslack_teams = [\"T0123\"]\nteams_tenants = [\"00000000-0000-4000-8000-000000000000\"]")
        .unwrap();
    if required == STOOD_IN_FOR {
        writeln!(text, "[policies.p]\napprovers = {:?}\nrequired = {required}\nself_approval = true", &ids[..50])
            .unwrap();
        writeln!(text, "requester = \"known\"\nbreak_glass = {{ who = {:?} }}", &ids[70..90]).unwrap();
        writeln!(text, "delegates = {:?}", &ids[50..70]).unwrap();
    } else if required != SEATED {
        writeln!(
            text,
            "[policies.p]\napprovers = {ids:?}\nrequired = {required}\nself_approval = true\nrequester = \"known\""
        )
        .unwrap();
        writeln!(text, "break_glass = {{ who = {:?} }}", &ids[..20]).unwrap();
    } else {
        // As many kinds of seats with as many people as there may be.
        let group = |kind: usize| format!("\"{kind}{}\"", letter.repeat(99));
        text.push_str("[groups]\n");
        for kind in 0..5 {
            let people: Vec<&String> = (0..32).map(|number| &ids[(16 * kind + number) % 80]).collect();
            writeln!(text, "{} = {people:?}", group(kind)).unwrap();
        }
        let seats: Vec<String> = (0..5).map(|kind| format!("{{ from = [{}], count = 16 }}", group(kind))).collect();
        writeln!(text, "[policies.p]\nseats = [{}]\nself_approval = true", seats.join(", ")).unwrap();
    }
    let (notify, silent) = (&ids[..20], &ids[20..40]);
    writeln!(text, "notify = {notify:?}\nsilent = {silent:?}\ndirect = true").unwrap();
    writeln!(text, "slack_channel = \"C0123456789\"\nremind_after = [{}]", reminders.join(", ")).unwrap();
    text
}

fn asked(letter: &str, required: usize) -> Approval {
    let policy = policy_file::read(&policy(letter, required)).unwrap();
    let policy = Policy { source: PolicySource::Version(u32::MAX), ..policy };
    // Lengths are counted in units of UTF-16.
    let text = |units: usize| letter.repeat(units / letter.encode_utf16().count());
    let (title, summary) = (text(TITLE_MAX), text(SUMMARY_MAX));
    let facts = serde_json::json!([
        { "name": text(FACT_NAME_MAX), "value": text(FACT_VALUE_MAX) },
        { "name": text(FACT_NAME_MAX), "value": text(TOGETHER_MAX - 2 * FACT_NAME_MAX - FACT_VALUE_MAX - 3_220) },
    ]);
    let (inputs, details) = if required > ANSWERERS_MAX {
        (serde_json::json!([]), DETAILS_TOGETHER_MAX)
    } else {
        (inputs(letter), DETAILS_AND_INPUTS_MAX - INPUTS_FORM_MAX)
    };
    let detail = text(details - DETAIL_TITLE_MAX);
    let input = serde_json::json!({
        "taskToken": "t".repeat(2_048),
        "executionArn": format!("arn:aws:states:eu-west-1:123456789012:execution:{}:{}", "m".repeat(80), "n".repeat(80)),
        "stateEnteredAt": after(0), "timeoutSeconds": 86_400,
        "approval": {
            "policy": "p", "title": title, "summary": summary, "facts": facts, "inputs": inputs,
            "details": [{ "title": text(DETAIL_TITLE_MAX), "text": detail }],
            "correlation": { "id": "c".repeat(8_000) }, "requestedBy": format!("000{}", "p".repeat(61)),
        }
    });
    let mut asked = request::read(input, &policy, after(0)).unwrap();
    let people: Vec<PersonId> = asked.rules.approvers.iter().take(NAMED_MAX).map(|person| person.id.clone()).collect();
    let group = |number: usize| {
        let (name, fallback) = (format!("{number}{}", letter.repeat(20)), Some("f".repeat(60)));
        AskedGroup { name, people: people.clone(), count: MEMBERS_MAX, fallback }
    };
    asked.rules.groups = (0..GROUPS_MAX).map(group).collect();
    Approval::raise(asked)
}

/// Menus that fill the form, with the longest answers that so many may give.
fn inputs(letter: &str) -> serde_json::Value {
    let count = (OPTION_MAX - 2) / letter.encode_utf16().count();
    let option = |n: usize| format!("{n:02}{}", letter.repeat(count));
    let input = |name: &str, options: usize| {
        let options: Vec<String> = (0..options).map(option).collect();
        serde_json::json!({ "name": name, "label": "L", "type": "choice", "options": options })
    };
    let answer = serde_json::json!(option(0)).to_string().len() + r#""a":,"""#.len();
    let fields = (ANSWERS_MAX_BYTES / ANSWERERS_MAX / answer).min(INPUTS_MAX);
    // What a menu takes of a form beside its options, and each of these.
    let options = (INPUTS_FORM_MAX - fields * 900) / (2 * OPTION_MAX + 40) / fields;
    ["a", "b", "c", "d", "e"].into_iter().take(fields).map(|name| input(name, options)).collect()
}

/// All who have to approve vote with the longest comment, everybody is mailed and reminded as often as may be, while the bus takes
/// nothing.
fn grown(letter: &str, required: usize, last: Verdict) -> Approval {
    let mut approval = asked(letter, required);
    for person in approval.rules.approvers.clone() {
        approval.adopt(&MessageRef::Email { person: person.id });
    }
    let own_chats = approval.missing.clone().into_iter().filter_map(|missing| match missing.destination {
        Destination::Direct(platform, person) => Some((platform, person)),
        _ => None,
    });
    for (platform, person) in own_chats.collect::<Vec<_>>() {
        let (conversation, message) = (format!("a:{}", "c".repeat(100)), "1700000000000.000100".to_owned());
        approval.adopt(&MessageRef::Direct { platform, person, conversation, message });
    }
    for minute in 1..=20 {
        assert!(approval.call_again(after(60 * minute)));
    }
    let people = approval.rules.approvers.clone();
    for (number, person) in people.into_iter().take(required).enumerate() {
        let verdict = if number + 1 == required { last } else { Verdict::Approve };
        let comment = Some(letter.repeat(COMMENT_MAX / letter.encode_utf16().count()));
        let first = |field: &Field| (field.name.clone(), field.kind.menu().unwrap().remove(0).1);
        let (message, shown) = (None, None);
        let answers = Answers { inputs: approval.request.fields().map(first).collect(), confirmed: false };
        let platform = Platform::Slack;
        let command = Command { person, platform, verdict, comment: comment.clone(), answers, message, shown };
        let at = after(2_000) + SignedDuration::from_millis(i64::try_from(number).unwrap());
        let (Counted::Open(next) | Counted::Decided(next)) = decide(&approval, &command, at).unwrap();
        let is_whole = |entry: &Entry| matches!(&entry.what, What::Voted { comment: said, .. } if *said == comment);
        assert!(next.journal.iter().any(is_whole), "the trail has the comment whole");
        approval = next;
    }
    approval.broken_glass = Some(glass(&approval));
    approval.claim = Some(claim(&approval));
    approval.since = Some(since(&approval, letter));
    if let Some(delegate) = approval.rules.delegates.first().map(|person| person.id.clone()) {
        let absent: Vec<PersonId> = approval.rules.approvers.iter().map(|person| person.id.clone()).collect();
        // Somebody stands in for everybody, and each who has voted stood in for some.
        approval.votes.iter_mut().for_each(|vote| vote.stands_for = absent[..5].to_vec());
        let stand_in = |absent: PersonId| StandIn { absent, delegate: delegate.clone(), until: after(3_000) };
        approval.stand_ins = absent.into_iter().map(stand_in).collect();
    }
    approval
}

/// As much as is kept of what has changed since an earlier request.
fn since(approval: &Approval, letter: &str) -> Since {
    let facts = |value: &str| {
        let fact = |number| Fact { name: format!("{number}{}", letter.repeat(60)), value: value.into() };
        (0..20).map(fact).collect::<Vec<_>>()
    };
    let earlier = Request { facts: facts(&letter.repeat(100)), ..approval.request.clone() };
    let later = Request { facts: facts("x"), ..approval.request.clone() };
    let since = Since::between((&approval.id, &earlier), &later);
    assert!(since.more > 0, "there is more than is kept");
    since
}

/// Somebody with the longest name is looking at it.
fn claim(approval: &Approval) -> Claim {
    let Person { id: person, name, .. } = approval.rules.approvers[0].clone();
    Claim { person, name, since: after(1), until: after(1_801) }
}

/// A broken glass that nobody has acknowledged for as long as people are reminded, by somebody with the longest name.
fn glass(approval: &Approval) -> BrokenGlass {
    let told = Told { at: after(3_000), after_ends: 2 };
    let Person { id: person, name, .. } = approval.rules.approvers[0].clone();
    let acknowledged = Some(Acknowledgement { person, name, platform: Platform::Slack, told });
    BrokenGlass { reminders: vec![told; 14], acknowledged }
}

/// A mail that SES has refused with the longest code that it has.
fn refused_mail(person: &PersonId) -> Missing {
    let mut mail = Missing::new(Destination::Email(person.clone()));
    (mail.is_left, mail.problem) = (false, Some(format!("SES did not take the mail: {}", "C".repeat(60))));
    mail
}

fn size(item: &Attributes) -> usize {
    fn of(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
            AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + of(value)).sum::<usize>(),
            AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + of(value)).sum::<usize>(),
            _ => 1,
        }
    }
    item.iter().map(|(name, value)| name.len() + of(value)).sum()
}

#[test]
fn the_largest_record_fits_an_item_and_what_is_told_from_it_fits_step_functions() {
    // One, two, three and four bytes a character.
    let scripts = ["a", "ä", "あ", "😀"].into_iter();
    for (letter, required) in
        scripts.flat_map(|letter| [100, SEATED, STOOD_IN_FOR, ANSWERERS_MAX].map(|required| (letter, required)))
    {
        let mut approval = grown(letter, required, Verdict::Approve);
        approval.resolve(crate::approval::state::Outcome::Approved, after(3_000));
        let stored = |approval: &Approval| size(&Item::new(approval, Kept::default()).unwrap().into_attributes());
        assert!(stored(&approval) < ITEM_MAX, "{letter}, {required}: {} bytes in an item", stored(&approval));
        // A mail that was refused takes more room than one that is out.
        approval.copies.clear();
        approval.missing = approval.rules.approvers.iter().map(|person| refused_mail(&person.id)).collect();
        assert!(stored(&approval) < ITEM_MAX, "{letter}, {required}: {} bytes in an item", stored(&approval));
        let output = DecisionOutput::new(&approval, Status::Approved, after(2_100));
        let output = serde_json::to_string(&output).unwrap().len();
        assert!(output < OUTPUT_MAX, "{letter}, {required}: {output} bytes of output");
        let rejected = grown(letter, required, Verdict::Reject);
        let cause = DecisionOutput::new(&rejected, Status::Rejected, after(2_100));
        let cause = serde_json::to_string(&cause).unwrap().len();
        assert!(cause < CAUSE_MAX, "{letter}, {required}: {cause} bytes of cause");
    }
}
