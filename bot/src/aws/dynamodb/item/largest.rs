//! The largest record there can be, and what Step Functions and the bus are told from it.

use std::fmt::Write;

use jiff::SignedDuration;

use super::*;
use crate::approval::audit::What;
use crate::approval::ids::PersonId;
use crate::approval::limits::{
    COMMENT_MAX, DETAIL_TITLE_MAX, DETAILS_TOGETHER_MAX, FACT_NAME_MAX, FACT_VALUE_MAX, SUMMARY_MAX, TITLE_MAX,
    TOGETHER_MAX,
};
use crate::approval::place::{Destination, MessageRef, Platform};
use crate::approval::policy::{Policy, PolicySource};
use crate::approval::policy_file;
use crate::approval::request;
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

/// A hundred people with the longest names in this script all have to approve; with seats as many as may be.
fn policy(letter: &str, has_seats: bool) -> String {
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
    if !has_seats {
        writeln!(text, "[policies.p]\napprovers = {ids:?}\nrequired = 100\nself_approval = true").unwrap();
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
    writeln!(text, "slack_channel = \"C0123456789\"\nremind_after = [{}]", reminders.join(", ")).unwrap();
    text
}

fn asked(letter: &str, has_seats: bool) -> Approval {
    let policy = policy_file::read(&policy(letter, has_seats)).unwrap();
    let policy = Policy { source: PolicySource::Version(u32::MAX), ..policy };
    // Lengths are counted in units of UTF-16.
    let text = |units: usize| letter.repeat(units / letter.encode_utf16().count());
    let (title, summary) = (text(TITLE_MAX), text(SUMMARY_MAX));
    let facts = serde_json::json!([
        { "name": text(FACT_NAME_MAX), "value": text(FACT_VALUE_MAX) },
        { "name": text(FACT_NAME_MAX), "value": text(TOGETHER_MAX - 2 * FACT_NAME_MAX - FACT_VALUE_MAX - 3_214) },
    ]);
    let detail = text(DETAILS_TOGETHER_MAX - DETAIL_TITLE_MAX);
    let input = serde_json::json!({
        "taskToken": "t".repeat(2_048),
        "executionArn": format!("arn:aws:states:eu-west-1:123456789012:execution:{}:{}", "m".repeat(80), "n".repeat(80)),
        "stateEnteredAt": after(0), "timeoutSeconds": 86_400,
        "approval": {
            "policy": "p", "title": title, "summary": summary, "facts": facts,
            "details": [{ "title": text(DETAIL_TITLE_MAX), "text": detail }],
            "correlation": { "id": "c".repeat(8_000) }, "requestedBy": format!("000{}", "p".repeat(61)),
        }
    });
    Approval::raise(request::read(input, &policy, after(0)).unwrap())
}

/// Everybody votes with the longest comment, is mailed, and is reminded as often as may be, while the bus takes nothing.
fn grown(letter: &str, has_seats: bool, last: Verdict) -> Approval {
    let mut approval = asked(letter, has_seats);
    for person in approval.rules.approvers.clone() {
        approval.adopt(&MessageRef::Email { person: person.id });
    }
    for minute in 1..=20 {
        assert!(approval.call_again(after(60 * minute)));
    }
    let people = approval.rules.approvers.clone();
    let latest = people.len() - 1;
    for (number, person) in people.into_iter().enumerate() {
        let verdict = if number == latest { last } else { Verdict::Approve };
        let comment = Some(letter.repeat(COMMENT_MAX / letter.encode_utf16().count()));
        let (message, shown) = (None, None);
        let (platform, confirmed) = (Platform::Slack, false);
        let command = Command { person, platform, verdict, comment: comment.clone(), message, shown, confirmed };
        let at = after(2_000) + SignedDuration::from_millis(i64::try_from(number).unwrap());
        let (Counted::Open(next) | Counted::Decided(next)) = decide(&approval, &command, at).unwrap();
        let is_whole = |entry: &Entry| matches!(&entry.what, What::Voted { comment: said, .. } if *said == comment);
        assert!(next.journal.iter().any(is_whole), "the trail has the comment whole");
        approval = next;
    }
    approval
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
    for (letter, has_seats) in ["a", "ä", "あ", "😀"].into_iter().flat_map(|letter| [(letter, false), (letter, true)])
    {
        let mut approval = grown(letter, has_seats, Verdict::Approve);
        approval.resolve(crate::approval::state::Outcome::Approved, after(3_000));
        let stored = |approval: &Approval| size(&Item::new(approval, Kept::default()).unwrap().into_attributes());
        assert!(stored(&approval) < ITEM_MAX, "{letter}: {} bytes in an item", stored(&approval));
        // A mail that was refused takes more room than one that is out.
        approval.copies.clear();
        approval.missing = approval.rules.approvers.iter().map(|person| refused_mail(&person.id)).collect();
        assert!(stored(&approval) < ITEM_MAX, "{letter}: {} bytes in an item", stored(&approval));
        let output = DecisionOutput::new(&approval, Status::Approved, after(2_100));
        let output = serde_json::to_string(&output).unwrap().len();
        assert!(output < OUTPUT_MAX, "{letter}: {output} bytes of output");
        let rejected = grown(letter, has_seats, Verdict::Reject);
        let cause = DecisionOutput::new(&rejected, Status::Rejected, after(2_100));
        let cause = serde_json::to_string(&cause).unwrap().len();
        assert!(cause < CAUSE_MAX, "{letter}: {cause} bytes of cause");
    }
}
