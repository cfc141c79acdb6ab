//! The blocks of the documents that hold commands: each says which files run it, or why no test does, and what is said to
//! the bot is understood. The programs hold the calls of theirs against their own parsers: `cli/src/documented.rs` and
//! `xtask/src/documented.rs`.

use std::fs;

use countersign_documents::{Block, Document, Program, calls, documents, root};

use crate::support::Harness;
use crate::support::said::in_slack;

/// Whom one speaks to in a channel of Teams.
const BOT: &str = "@Countersign ";
/// What no parser here has to take.
const DATA: [&str; 6] = ["hcl", "js", "json", "rust", "toml", "yaml"];

/// What is wrong with a block, if anything is.
fn problem(block: &Block) -> Option<String> {
    let lost = block.run_by.iter().find(|file| !root().join(file).is_file());
    if let Some(lost) = lost {
        return Some(format!("there is no {lost}"));
    }
    match block.language.as_str() {
        _ if block.is_shell() => {
            let others = calls(&block.text).into_iter().find(|call| Program::called(call).is_none());
            match (&block.reason, others) {
                (None, Some(call)) => Some(format!("`{}` is run by no test, and nothing says why", call.words[0])),
                (None, None) if block.run_by.is_empty() => Some("nothing says which test runs it".to_owned()),
                _ => None,
            }
        }
        "text" if block.reason.is_none() => {
            let other = block.text.lines().find(|line| !line.starts_with(['/', '@']));
            other.map(|line| format!("`{line}` is no command for a chat, and nothing says what it is"))
        }
        "text" => None,
        language if DATA.contains(&language) => None,
        language => Some(format!("nobody knows what `{language}` is")),
    }
}

fn wrong(documents: &[Document]) -> Vec<String> {
    let blocks = documents.iter().flat_map(|document| document.blocks.iter().map(move |block| (document, block)));
    let wrong = blocks.filter_map(|(document, block)| {
        let problem = problem(block)?;
        Some(format!("{}:{}: {problem}", document.name, block.line))
    });
    wrong.collect()
}

#[test]
fn every_block_says_which_test_runs_it_or_why_none_does() {
    assert_eq!(wrong(&documents().unwrap()), Vec::<String>::new());
}

#[test]
fn a_block_that_says_nothing_is_found() {
    let text = "```sh\ncargo run\n```\n\n<!-- run by cli/tests/cli.rs -->\n```sh\ncargo run | tee log\n```\n\n\
        <!-- run by cli/tests/gone.rs -->\n```sh\ncargo run\n```\n\n```text\n/start 1 2\nstart 1 2\n```\n\n\
        ```console\n$ cargo run\n```\n\n```\ncargo run\n```\n\n\
        <!-- not run by a test: it needs an account. -->\n```sh\naws s3 ls\n```\n\n\
        <!-- not run by a test: a picture. -->\n```text\na ──▶ b\n```\n";
    let expected = [
        "page.md:2: nothing says which test runs it",
        "page.md:7: `tee` is run by no test, and nothing says why",
        "page.md:12: there is no cli/tests/gone.rs",
        "page.md:16: `start 1 2` is no command for a chat, and nothing says what it is",
        "page.md:21: nobody knows what `console` is",
        "page.md:25: nobody knows what `` is",
    ];
    assert_eq!(wrong(&[Document::read("page.md", text)]), expected);
}

/// A world with the policy that is deployed first, with the ids that people and places have here.
async fn with_the_example() -> Harness {
    let mut policy = fs::read_to_string(root().join("infra/policy.example.toml")).unwrap();
    let here = [
        ("T0123", "T0LOCAL"),
        ("5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a", "c0117e45-1671-4000-8000-0000000000a0"),
        ("U0456", "U0ADA"),
        ("7c1b2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d", "c0117e45-1671-4000-8000-000000000001"),
        ("U0789", "U0GRACE"),
        ("C0789", "C0FINANCE"),
        ("19:abc@thread.tacv2", "19:finance@thread.tacv2"),
    ];
    for (there, here) in here {
        assert!(policy.contains(there), "the example has {there}");
        policy = policy.replace(there, here);
    }
    Harness::with_policy(&policy, |ports| ports).await
}

/// What the bot answers to a line that somebody says in a chat. What Slack itself does with a line has no answer.
async fn answer(harness: &Harness, line: &str) -> Option<String> {
    if let Some(words) = line.strip_prefix(BOT) {
        return Some(in_teams(harness, words).await);
    }
    let (command, words) = line.split_once(' ').unwrap_or((line, ""));
    match command {
        "/approvals" => Some(in_slack(harness, "ada", words).await),
        "/invite" => None,
        _ => {
            let channel = harness.world.channel.clone();
            harness.world.slack.command(&harness.user("ada"), &channel, command, words).await.text
        }
    }
}

/// In a chat with the bot alone, where no cards come between.
async fn in_teams(harness: &Harness, words: &str) -> String {
    let (teams, ada) = (&harness.world.teams, harness.teams_user("ada"));
    assert_eq!(teams.say(&ada, &teams.chat_with(&ada), words).await, Ok(200));
    teams.chat_messages(&ada).pop().unwrap().text
}

/// Whatever starts something in a block is started as it stands there.
#[tokio::test]
async fn what_is_said_in_a_chat_is_understood() {
    let harness = with_the_example().await;
    let manifest = fs::read_to_string(root().join("manifests/slack/manifest.yaml")).unwrap();
    assert!(manifest.contains(&format!("display_name: {}\n", BOT.trim_matches(['@', ' ']))), "{manifest}");
    let documents = documents().unwrap();
    let mut said = 0;
    for document in &documents {
        let spoken = document.blocks.iter().filter(|block| block.language == "text" && block.reason.is_none());
        for line in spoken.flat_map(|block| block.text.lines()) {
            match answer(&harness, line).await {
                Some(told) => assert!(is_taken(line, &told), "{}: {line}: {told}", document.name),
                None => assert_eq!(line, format!("/invite {}", BOT.trim()), "{}", document.name),
            }
            said += 1;
        }
        for code in &document.codes {
            let line = match code.text.as_str() {
                text if text.starts_with("/approvals ") || text.starts_with(BOT) => text.to_owned(),
                text if text.starts_with("approvals ") => format!("{BOT}{text}"),
                _ => continue,
            };
            let told = answer(&harness, &line).await.unwrap();
            assert!(is_taken(&line, &told), "{}:{}: {line}: {told}", document.name, code.line);
            said += 1;
        }
    }
    assert!(said > 20, "something is said in the documents");
    let mistyped = "/approvals shwo ID";
    assert!(!is_taken(mistyped, &answer(&harness, mistyped).await.unwrap()), "a word that is not known is found");
}

/// Whether what was said was understood, and if it was to start something, whether that has begun.
fn is_taken(line: &str, told: &str) -> bool {
    match line.contains("start ") {
        true => told.starts_with("Started: "),
        false => !told.is_empty() && !told.contains(" knows no “"),
    }
}
