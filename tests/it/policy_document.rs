//! `docs/policy.md` against the parser: it names every key, its examples are one policy with each of them, and what it says
//! of a key that is left out is what the code does.

use std::collections::{BTreeMap, BTreeSet};

use countersign_bot::approval::policy::Policy;
use countersign_bot::approval::policy_file;

const DOCUMENT: &str = include_str!("../../docs/policy.md");

/// A policy in which each kind of table has a key that nobody knows, which the parser answers with those that it knows.
const UNKNOWN: &str = "
    x-top = 1
    [access]
    x-access = 1
    [people.ada]
    x-people = 1
    [groups]
    g = { x-groups = 1 }
    [accounts.111122223333]
    x-accounts = 1
    [policies.p]
    x-policies = 1
    seats = [{ x-seats = 1 }]
    quiet_hours = { x-quiet_hours = 1 }
    break_glass = { x-break_glass = 1 }
    [policies.q]
    x-policies = 1
    [commands.c]
    x-commands = 1
    [[commands.c.fields]]
    x-fields = 1
";

/// A policy with the least that each kind of table needs.
const LEAST: [(&str, &str); 7] = [
    ("[access]", ""),
    ("a group that Slack keeps", "slack_usergroup = \"S0123\"\n"),
    ("[accounts.ID]", "name = \"payments\"\nregions = [\"eu-west-1\"]\n"),
    ("[people.KEY]", "name = \"Ada\"\n"),
    ("[policies.NAME]", "approvers = [\"ada\"]\nslack_channel = \"C0789\"\n"),
    ("[commands.NAME]", "state_machine = \"calculation\"\npolicy = \"p\"\n"),
    ("a field", "name = \"x\"\ntype = \"integer\"\n"),
];

/// What stands in a row: the default and what it says.
type Rows = BTreeMap<&'static str, &'static str>;

/// The tables of the document by what their keys are of: each key with its default.
fn tables() -> BTreeMap<&'static str, Rows> {
    let parts = DOCUMENT.split("| key of ").skip(1);
    let table = |part: &'static str| {
        let (head, rest) = part.split_once(" |").expect("a table has a head");
        let rows = rest.lines().skip(2).take_while(|line| line.starts_with('|'));
        let row = |line: &'static str| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let key = cells.next().expect("a row begins with the key").trim_matches('`');
            (key, cells.next().expect("and has a default"))
        };
        (head.trim_matches('`'), rows.map(row).collect())
    };
    parts.map(table).collect()
}

fn examples() -> Vec<&'static str> {
    let blocks = DOCUMENT.split("```toml\n").skip(1);
    blocks.map(|block| block.split_once("```").expect("a block has an end").0).collect()
}

/// What the parser knows, by the kind of table.
fn known() -> BTreeMap<&'static str, BTreeSet<String>> {
    let problems = policy_file::read(UNKNOWN).unwrap_err().0;
    let mut known: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for problem in problems {
        let Some(unknown) = problem.message.strip_prefix("unknown key `x-") else { continue };
        let (kind, keys) = unknown.split_once("`; known here: ").expect("it says what it knows");
        let kind = match kind {
            "top" => "the file",
            "access" => "[access]",
            "people" => "[people.KEY]",
            "groups" => "a group that Slack keeps",
            "accounts" => "[accounts.ID]",
            "policies" => "[policies.NAME]",
            "commands" => "[commands.NAME]",
            "fields" => "a field",
            "seats" => "seats",
            "quiet_hours" => "quiet_hours",
            "break_glass" => "break_glass",
            other => panic!("{other} is a table that this test does not know"),
        };
        known.entry(kind).or_default().extend(keys.split(", ").map(str::to_owned));
    }
    known
}

/// A policy with the least, and these lines more in one kind of table.
fn with(kind: &str, lines: &str) -> String {
    policy(kind, |of, least| if of == kind { format!("{least}{lines}") } else { least.to_owned() })
}

/// A policy with the least, but for this key of one kind of table.
fn without(kind: &str, key: &str) -> String {
    let is_kept = |line: &&str| !line.starts_with(&format!("{key} = "));
    policy(kind, |of, least| {
        let lines = least.lines().filter(|line| of != kind || is_kept(line));
        lines.map(|line| format!("{line}\n")).collect()
    })
}

/// A group that Slack keeps is there only where it is looked at: it needs a workspace that is let in.
fn policy(kind: &str, body: impl Fn(&str, &str) -> String) -> String {
    let table = |(kind, least): &(&str, &str)| body(kind, least);
    let [access, group, account, person, rules, command, field] = LEAST.each_ref().map(table);
    let (access, group) = match kind {
        "a group that Slack keeps" => (format!("slack_teams = [\"T0123\"]\n{access}"), format!("[groups.g]\n{group}")),
        _ => (access, String::new()),
    };
    format!(
        "[access]\n{access}[people.ada]\n{person}email = \"ada@example.com\"\n[policies.p]\n{rules}[commands.c]\n{command}\
         [[commands.c.fields]]\n{field}{group}[accounts.111122223333]\n{account}"
    )
}

/// The policy as it prints, without the text that it was read from.
fn printed(text: &str) -> String {
    let mut policy = read(text);
    policy.live.text = "".into();
    format!("{policy:#?}")
}

fn read(text: &str) -> Policy {
    policy_file::read(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

#[test]
fn it_names_every_key_that_the_parser_knows_and_no_other() {
    let mut known = known();
    assert_eq!(known.remove("the file").unwrap().len(), 6, "the headings of the page are of these");
    let named = tables().into_iter().map(|(kind, rows)| (kind, rows.into_keys().map(str::to_owned).collect()));
    assert_eq!(named.collect::<BTreeMap<_, BTreeSet<String>>>(), known);
}

#[test]
fn its_examples_are_one_policy_that_has_every_key() {
    let whole = examples().concat();
    read(&whole);
    for (kind, keys) in known() {
        for key in keys {
            let is_there = whole.contains(&format!("{key} = "))
                || whole.contains(&format!("[{key}"))
                || whole.contains(&format!(".{key}]"));
            assert!(is_there, "no example has {key} of {kind}");
        }
    }
}

#[test]
fn what_it_says_of_a_key_that_is_left_out_is_what_the_code_does() {
    let mut compared = 0;
    for (kind, rows) in tables() {
        for (key, default) in rows {
            let Some(default) = default.strip_prefix('`').and_then(|rest| rest.split('`').next()) else { continue };
            compared += 1;
            if kind == "seats" {
                let seats = |count: &str| {
                    with("[policies.NAME]", &format!("self_approval = true\nseats = [{{ from = [\"ada\"]{count} }}]\n"))
                };
                let without_approvers = |text: String| text.replace("approvers = [\"ada\"]\n", "");
                let (said, left_out) =
                    (without_approvers(seats(&format!(", count = {default}"))), without_approvers(seats("")));
                assert_eq!(printed(&said), printed(&left_out), "{kind} {key}");
                continue;
            }
            let (said, left_out) = (with(kind, &format!("{key} = {default}\n")), with(kind, ""));
            assert_eq!(printed(&said), printed(&left_out), "{kind} {key} = {default}");
        }
    }
    assert!(compared > 10, "{compared}");
}

#[test]
fn what_it_says_is_required_is() {
    for (kind, rows) in tables() {
        for (key, _) in rows.into_iter().filter(|(_, default)| *default == "required") {
            let wrong = match kind {
                "quiet_hours" | "seats" | "break_glass" => {
                    let value = if kind == "seats" { "seats = [{}]".to_owned() } else { format!("{kind} = {{}}") };
                    with("[policies.NAME]", &format!("{value}\n"))
                }
                kind => without(kind, key),
            };
            let problems = policy_file::read(&wrong).expect_err(&wrong).to_string();
            assert!(problems.contains(&format!("{key} is missing")), "{kind} {key}: {problems}");
        }
    }
}

/// Whoever lets requesters decide need not know them.
#[test]
fn the_default_of_the_requester_is_another_where_they_may_decide() {
    let of = |lines: &str| read(&with("[policies.NAME]", lines)).rules["p"].requester;
    assert!(DOCUMENT.contains("With `self_approval = true` the default is `\"optional\"`"));
    assert_eq!(of("self_approval = true\n"), of("self_approval = true\nrequester = \"optional\"\n"));
    assert_ne!(of(""), of("requester = \"optional\"\n"));
}
