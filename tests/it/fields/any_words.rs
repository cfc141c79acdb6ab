//! Whatever is typed, and whatever is made of it in the form: what starts is what was shown, and the same in both chats.

use std::cell::RefCell;

use countersign_bot::approval::entry;
use countersign_bot::approval::fields::Field;
use countersign_bot::approval::filling::{Entry, Filling};
use countersign_bot::approval::policy::Policy;
use countersign_playground::fakes::teams::Shown;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use super::{Written, in_slack, in_teams, input, press_start, world, written_in_slack, written_in_teams};
use crate::support::Harness;

/// Cases without a world take no time.
const CASES: u32 = 2_000;
const CASES_IN_CHATS: u32 = 150;

/// Words as people type them: right and wrong values, names, marks that are open or closed, and anything at all.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => select(vec![
            "1.4.2", "10.0.1", "v1", "production", "STAGING", "\"R&D <lab>\"", "3", "11", "0.25", "2026-12-24", "yes", "no",
            "grace", "\"Grace Hopper\"", "@ada", "nobody", "“two words”", "'it's'", "it's", "“open", "\"\"", "a=b", "note=",
        ])
        .prop_map(str::to_owned),
        4 => (select(vec!["version", "environment", "replicas", "share", "day", "urgent", "owner", "note", "NOTE", "other"]),
            select(vec!["1.4.2", "production", "3", "-1", "1.5", "2026-02-30", "yes", "ada", "\"a b\"", "‘x’", "", "\"open"]))
            .prop_map(|(name, value)| format!("{name}={value}")),
        1 => "[a-z0-9 \"'“”=<>&*_`\u{200b}\u{202e}👩\u{200d}\\\\]{0,12}",
        1 => any::<String>(),
    ];
    let space = select(vec![" ", "  ", "\n", "\t", "\u{a0}"]);
    vec((word, space), 0..6).prop_map(|words| words.into_iter().map(|(word, space)| word + space).collect())
}

fn policy() -> Policy {
    countersign_bot::approval::policy_file::read(&(crate::support::policy(crate::support::RULES) + super::COMMANDS))
        .unwrap()
}

fn run<S: Strategy>(cases: u32, strategy: S, check: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    if let Err(failure) = runner.run(&strategy, |case| {
        check(case);
        Ok(())
    }) {
        panic!("{failure}\n{runner}");
    }
}

/// What stands in each field of a filling, as a form shows it.
fn in_form(filling: &Filling<'_>) -> Written {
    let written = filling.entries().map(|(field, entry)| {
        let text = match entry {
            Entry::Value(value) => entry::typed(value),
            Entry::Blank | Entry::Wrong { .. } => String::new(),
        };
        (field.name.clone(), text)
    });
    written.collect()
}

/// A form that shows what was understood, and is submitted as it stands, starts the same.
#[test]
fn what_was_understood_is_read_from_the_form_as_it_was_typed() {
    let policy = policy();
    let command = &policy.commands["release"];
    run(CASES, words(), |typed| {
        let Ok(complete) = policy.filled_in_words(command, &typed).complete() else { return };
        let shown = in_form(&complete.clone().to_be_looked_at());
        let submitted = policy.filled_in_form(command, |field| shown.get(&field.name).cloned()).complete();
        assert_eq!(submitted.unwrap().values(), complete.values(), "{typed:?}");
        for (field, value) in command.fields.iter().zip(complete.values().values()) {
            assert!(is_of_its_kind(field, value), "{typed:?}: {}: {value}", field.name);
        }
    });
}

/// A value is null where it may be, or what the policy says that it is.
fn is_of_its_kind(field: &Field, value: &Value) -> bool {
    match (field.name.as_str(), value) {
        ("version" | "environment", Value::Null) => false,
        (_, Value::Null) => true,
        ("version", Value::String(text)) => {
            text.split('.').count() == 3 && text.chars().all(|c| c == '.' || c.is_numeric())
        }
        ("environment", value) => ["staging", "production", "R&D <lab>"].iter().any(|option| value == option),
        ("replicas", value) => value.as_i64().is_some_and(|number| (1..=10).contains(&number)),
        ("share", value) => value.is_number(),
        ("day", Value::String(day)) => day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok(),
        ("urgent", value) => value.is_boolean(),
        ("owner", value) => ["ada", "grace", "linus"].iter().any(|person| value == person),
        ("note", Value::String(text)) => !text.is_empty() && text.chars().count() <= 2_000,
        _ => false,
    }
}

/// Values of every kind, typed in any of the ways there are, are the values that start.
#[test]
fn every_value_can_be_typed_by_its_place_by_its_name_and_in_quotation_marks() {
    let policy = policy();
    let command = &policy.commands["release"];
    let marks = select(vec![("\"", "\""), ("“", "”"), ("„", "“"), ("«", "»"), ("'", "'"), ("‘", "’")]);
    let text = "[a-zA-Z0-9é中=<>&*_~`\\\\/.,:;!-]{1,9}( [a-z]{1,9}){0,3}";
    let values = (
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        select(vec!["staging", "production", "R&D <lab>"]),
        1_i64..=10,
        any::<bool>(),
        select(vec!["ada", "grace", "linus"]),
        text,
    );
    run(
        CASES,
        (values, marks, 0_usize..4),
        |((version, environment, replicas, urgent, owner, note), (open, close), style)| {
            let quoted = |text: &str| format!("{open}{text}{close}");
            let urgent_typed = if urgent { "yes" } else { "no" };
            let (place, note_typed) = (quoted(environment), quoted(&note));
            let named = format!("replicas={replicas} urgent={urgent_typed} owner={owner} note={note_typed}");
            let typed = match style {
                0 => format!("{version} {place} {named}"),
                1 => format!("{named} {version} {place}"),
                2 => format!("{named} environment={place} {}", quoted(&version)),
                _ => format!("{named} VERSION={version}\nEnvironment={place}"),
            };
            let mut expected: Map<String, Value> = Map::new();
            for (name, value) in [
                ("version", json!(version)),
                ("environment", json!(environment)),
                ("replicas", json!(replicas)),
                ("share", Value::Null),
                ("day", Value::Null),
                ("urgent", json!(urgent)),
                ("owner", json!(owner)),
                ("note", json!(note)),
            ] {
                expected.insert(name.to_owned(), value);
            }
            let complete = policy.filled_in_words(command, &typed).complete();
            assert_eq!(complete.unwrap().values(), &expected, "{typed:?}");
        },
    );
}

/// What an execution was started with, of the fields alone.
fn fields_of(mut input: Value) -> Value {
    let own = input.as_object_mut().unwrap();
    assert_eq!(own.remove("requestedBy"), Some(json!("ada")));
    assert!(own.remove("correlation").unwrap()["source"].is_string());
    input
}

/// Through both chats: the words start the same in both or open the same form in both, nothing starts that is not shown,
/// and the form starts what stands in it.
#[test]
fn whatever_is_typed_in_a_chat_what_starts_is_what_was_shown() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let harness = runtime.block_on(world());
    let seen = RefCell::new([0, 0]);
    // Slack alone has entities in what is typed, which makes it show the form first.
    let begun = prop_oneof![Just(""), Just("version=1.4.2 "), Just("1.4.2 production "), Just("1.4.2 note=")];
    let words = (begun, words()).prop_map(|(begun, words)| begun.to_owned() + &words);
    let has_entity = |typed: &String| ["&amp;", "&lt;", "&gt;"].iter().any(|entity| typed.contains(entity));
    let words = words.prop_filter("entities", move |typed| !has_entity(typed));
    run(CASES_IN_CHATS, words, |typed| {
        let started = runtime.block_on(both_chats(&harness, &format!("release {typed}")));
        seen.borrow_mut()[usize::from(started)] += 1;
    });
    assert!(seen.borrow().iter().all(|count| *count > 0), "some start at once, and some open a form: {seen:?}");
}

/// Whether the words were enough to start something.
async fn both_chats(harness: &Harness, typed: &str) -> bool {
    let count = || harness.world.engine.executions().len();
    let before = count();
    let said = in_slack(harness, typed).await;
    match said {
        Some(said) if said.starts_with("Started: ") => {
            assert_eq!(count(), before + 1, "{typed:?}");
            let in_slack = fields_of(input(harness));
            in_teams(harness, typed).await.unwrap_or_else(|| panic!("{typed:?} starts in Teams as in Slack"));
            assert_eq!((count(), fields_of(input(harness))), (before + 2, in_slack.clone()), "{typed:?}");
            for value in in_slack.as_object().unwrap().values().filter_map(Value::as_str) {
                let is_shown = said.contains(value) || value.len() > 200 || value.contains(['&', '<', '>', '\n', ' ']);
                assert!(is_shown || ["ada", "grace", "linus"].contains(&value), "{typed:?}: {value:?}: {said}");
            }
            true
        }
        Some(said) => {
            assert!(count() == before, "{typed:?}: {said}");
            false
        }
        None => {
            assert_eq!(in_teams(harness, typed).await, None, "{typed:?} opens a form in Teams as in Slack");
            assert_eq!(count(), before, "{typed:?}");
            submit(harness, typed).await;
            false
        }
    }
}

/// Submits both forms as they stand, but for a version, which must be there.
async fn submit(harness: &Harness, typed: &str) {
    let count = || harness.world.engine.executions().len();
    let before = count();
    let mut shown = written_in_slack(harness);
    let values = [("version", "1.4.2")];
    shown.insert("version".to_owned(), "1.4.2".to_owned());
    let taken = harness.world.slack.submit(&harness.user("ada"), &values).await.unwrap();
    if taken.errors.is_empty() {
        assert_eq!(count(), before + 1, "{typed:?}");
        let started = fields_of(input(harness));
        for (name, value) in started.as_object().unwrap() {
            let written = entry::typed(value);
            assert_eq!(entry::seen_lines(&shown[name]), written, "{typed:?}: {name}");
        }
    } else {
        assert_eq!(count(), before, "{typed:?}: {taken:?}");
    }
    let before = count();
    let mut shown = written_in_teams(harness);
    shown.insert("version".to_owned(), "1.4.2".to_owned());
    if let Ok(Shown::Card(card)) = press_start(harness, &values).await {
        if count() == before {
            assert!(card.to_string().contains("Action.Execute"), "{typed:?}: it can be corrected: {card}");
            return;
        }
        for (name, value) in fields_of(input(harness)).as_object().unwrap() {
            assert_eq!(entry::seen_lines(&shown[name]), entry::typed(value), "{typed:?}: {name}");
        }
    }
}
