//! What the document shows of the examples is what their files say, and what it counts is what a run takes.

use std::collections::BTreeSet;
use std::path::Path;

use countersign_playground::engine::MockFile;
use countersign_playground::world::StateMachine;
use countersign_playground::world::machines::unmocked;
use serde_json::Value;

use super::{CHATS, EXAMPLES, approve, asked, folder, start, text, world};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What the document says of this example: the part under the heading that names its folder.
pub(super) fn part(example: &str) -> String {
    let document = std::fs::read_to_string(Path::new(ROOT).join("docs/your-workflow.md")).unwrap();
    let link = format!("[infra/examples/{example}](../infra/examples/{example}/{example}.asl.json)");
    let part = document.split("\n### ").find(|part| part.contains(&link));
    part.unwrap_or_else(|| panic!("no part of the document is about {example}")).to_owned()
}

/// The blocks of a language in a part of the document.
fn blocks(part: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let blocks = part.split(opening.as_str()).skip(1);
    blocks.map(|rest| rest.split_once("```").unwrap().0.to_owned()).collect()
}

/// The state of this name, also inside of a `Map`.
fn state<'m>(flow: &'m Value, name: &str) -> Option<&'m Value> {
    let states = flow["States"].as_object()?;
    states.get(name).or_else(|| states.values().find_map(|outer| state(&outer["ItemProcessor"], name)))
}

#[test]
fn the_document_shows_states_of_the_files_as_they_are() {
    for example in EXAMPLES {
        let machine: Value = serde_json::from_str(&text(example, &format!("{example}.asl.json"))).unwrap();
        let part = part(example);
        let shown = blocks(&part, "json");
        assert!(!shown.is_empty(), "{example}");
        for block in shown {
            let states: Value = serde_json::from_str(&format!("{{{block}}}")).unwrap();
            for (name, shown) in states.as_object().unwrap() {
                let state = state(&machine, name).unwrap_or_else(|| panic!("{example} has no {name}"));
                for (field, value) in shown.as_object().unwrap() {
                    assert_eq!(&state[field], value, "{example}: {name}: {field}");
                }
            }
        }
    }
}

#[test]
fn the_document_shows_the_policies_of_the_files_as_they_are() {
    for example in EXAMPLES {
        let shown = blocks(&part(example), "toml");
        assert_eq!(shown.len(), 1, "{example}");
        assert!(text(example, "policy.toml").ends_with(&shown[0]), "{example}: {}", shown[0]);
    }
}

#[test]
fn the_commands_of_the_document_name_files_that_are_there() {
    for example in EXAMPLES {
        let commands = blocks(&part(example), "sh").concat();
        let files: Vec<&str> = commands.split_whitespace().filter(|word| word.starts_with("infra/")).collect();
        assert_eq!(files.len(), 7, "{commands}");
        for file in files {
            assert!(Path::new(ROOT).join(file).is_file(), "{example}: {file}");
        }
    }
}

/// The mocks are those that `countersign mocks init` writes, filled in.
#[test]
fn the_mocks_are_for_what_does_not_run_here_and_nothing_else() {
    for example in EXAMPLES {
        let machine = StateMachine::file(None, &folder(example).join(format!("{example}.asl.json"))).unwrap();
        let needed = unmocked(&machine, &Default::default()).unwrap();
        let needed: BTreeSet<String> = needed.into_iter().map(|(state, _)| state).collect();
        let mocks = MockFile::read(&text(example, &format!("{example}.mocks.json"))).unwrap();
        let case = mocks.test_case(example, None).unwrap();
        assert_eq!(case.states().map(str::to_owned).collect::<BTreeSet<_>>(), needed, "{example}");
    }
}

/// Of the table of costs: an example with its transitions, its approvals and what is said to come of them.
fn row(example: &str) -> (usize, usize, f64, f64) {
    let document = std::fs::read_to_string(Path::new(ROOT).join("docs/your-workflow.md")).unwrap();
    let (_, table) = document.split_once("| example, 1,000 runs |").unwrap();
    let row = table.lines().find(|line| line.trim_start_matches("| ").starts_with(example)).unwrap();
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    (cells[2].parse().unwrap(), cells[3].parse().unwrap(), value(cells[4]), cells[5].parse().unwrap())
}

/// What a formula of the document comes to: sums of products and quotients.
fn value(formula: &str) -> f64 {
    let number = |text: &str| text.trim().replace(',', "").parse::<f64>().unwrap_or_else(|_| panic!("{text}"));
    let product = |text: &str| {
        let mut quotients = text.split('/');
        let product: f64 = quotients.next().unwrap().split('×').map(number).product();
        quotients.map(number).fold(product, |rest, divisor| rest / divisor)
    };
    formula.split('+').map(product).sum()
}

fn is_about(figure: f64, formula: f64) -> bool {
    (figure - formula).abs() < 0.000_6
}

#[test]
fn the_costs_are_what_their_formulas_come_to() {
    let document = std::fs::read_to_string(Path::new(ROOT).join("docs/your-workflow.md")).unwrap();
    let (_, table) = document.split_once("| service | for one approval |").unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let cost = |row: &Vec<&str>| row[4].trim_matches('*').parse::<f64>().unwrap();
    let (last, services) = rows.split_last().unwrap();
    assert_eq!(services.len(), 5);
    for row in services {
        assert!(is_about(cost(row), value(row[3])), "{row:?}");
    }
    let sum: f64 = services.iter().map(cost).sum();
    assert!(is_about(cost(last), sum), "{sum}");
    for example in EXAMPLES {
        let (transitions, approvals, formula, figure) = row(example);
        assert!(is_about(figure, formula), "{example}: {formula}");
        let expected = transitions as f64 * 0.025 + approvals as f64 * cost(last);
        assert!(is_about(figure, expected), "{example}: {expected}");
    }
}

/// A transition is a state that is entered, and the end is one too.
#[tokio::test]
async fn the_runs_take_the_transitions_and_approvals_that_are_counted() {
    for (example, typed, steps) in [
        ("release", "release 1.4.2", vec![("Release 1.4.2 to staging", vec!["ada", "grace"])]),
        (
            "expense",
            "expense 10 x 2026-11-23 grace",
            vec![("Expense: 10.00 EUR", vec!["grace"]), ("Payment of 10.00 EUR", vec!["katherine"])],
        ),
        (
            "agent",
            "agent C-1 x",
            vec![("The agent wants to use refund", vec!["ada"]), ("The agent wants to use send_mail", vec!["ada"])],
        ),
    ] {
        let harness = world(example).await;
        start(&harness, CHATS[0], typed).await;
        for (title, approvers) in steps {
            let approval = asked(&harness, title).await;
            for who in approvers {
                approve(&harness, CHATS[0], who, &approval).await;
            }
        }
        let ended = harness.ended().await;
        let history = harness.world.engine.history(&ended.execution_arn);
        let entered = history.iter().filter(|event| event.kind.to_string().ends_with("StateEntered")).count();
        let (transitions, approvals, ..) = row(example);
        assert_eq!((entered + 1, harness.world.store.count()), (transitions, approvals), "{example}");
    }
}
