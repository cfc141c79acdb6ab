use crate::approval::commands::LaunchCommand;
use crate::approval::fields::{FIELDS_MAX, Kind};
use crate::approval::policy_file::read;

const AROUND: &str = r#"
[people.ada]
name = "Ada Lovelace"
email = "ada@example.com"
[people.grace]
name = "Grace Hopper"
email = "grace@example.com"
[groups]
developers = ["grace"]
nobody = []
[policies.p]
approvers = ["ada"]
"#;

/// The command `deploy` with these lines, or what is wrong with it, without the number of the line.
fn deploy(lines: &str) -> Result<LaunchCommand, Vec<String>> {
    let command = format!("[commands.deploy]\nstate_machine = \"release\"\npolicy = \"p\"\n{lines}\n");
    match read(&format!("{AROUND}{command}")) {
        Ok(mut policy) => Ok(policy.commands.remove("deploy").unwrap()),
        Err(problems) => Err(problems.0.into_iter().map(|problem| problem.message).collect()),
    }
}

fn field(lines: &str) -> Result<LaunchCommand, Vec<String>> {
    deploy(&format!("[[commands.deploy.fields]]\nname = \"f\"\n{lines}"))
}

#[track_caller]
fn is_wrong(read: Result<LaunchCommand, Vec<String>>, expected: &[&str]) {
    assert_eq!(read.unwrap_err(), expected);
}

#[test]
fn a_command_has_a_name_that_can_be_typed_and_means_nothing_else() {
    for (name, is_right) in [
        ("deploy", true),
        ("deploy-2_x", true),
        ("/deploy", false),
        ("Deploy", false),
        ("a b", false),
        ("help", false),
        ("pending", false),
        ("show", false),
        ("cancel", false),
        ("approvals", false),
    ] {
        let command = format!("[commands.\"{name}\"]\nstate_machine = \"m\"\npolicy = \"p\"\n");
        let found = read(&format!("{AROUND}{command}"));
        assert_eq!(found.is_ok(), is_right, "{name}: {found:?}");
    }
}

/// Policies of before called it so, and said nothing of what it takes.
#[test]
fn a_command_that_is_called_start_is_told_what_to_write() {
    let command = "[commands.start]\nstate_machine = \"calculation\"\npolicy = \"p\"\n";
    let problems = read(&format!("{AROUND}{command}")).unwrap_err().to_string();
    assert!(problems.starts_with("line 13: command `start`: `start` starts every command"), "{problems}");
    for write in ["[commands.calculation]", "default = true", "[[commands.calculation.fields]]", "type = \"integer\""] {
        assert!(problems.contains(write), "{problems}");
    }
}

#[test]
fn a_command_without_more_takes_nothing_and_is_for_everybody() {
    let command = deploy("").unwrap();
    assert_eq!((command.title.as_str(), &command.allowed, command.is_default), ("deploy", &None, false));
    assert!(command.fields.is_empty());
}

#[test]
fn whoever_may_start_is_somebody_and_is_known() {
    let command = deploy("title = \"Deploy a release\"\nallowed = [\"developers\", \"ada\"]").unwrap();
    let allowed: Vec<&str> = command.allowed.iter().flatten().map(|id| id.as_str()).collect();
    assert_eq!((command.title.as_str(), allowed.as_slice()), ("Deploy a release", ["ada", "grace"].as_slice()));
    is_wrong(
        deploy("allowed = [\"bob\"]"),
        &["command `deploy`: allowed names `bob`, which is neither a person nor a group"],
    );
    let nobody =
        "command `deploy`: allowed has nobody in it, so nobody could start it: leave it out to let in everybody";
    is_wrong(deploy("allowed = []"), &[nobody]);
    is_wrong(deploy("allowed = [\"nobody\"]"), &[nobody]);
    is_wrong(
        deploy("title = \"a title of twenty-five c.\""),
        &["command `deploy`: title has 25 characters, at most 24"],
    );
    is_wrong(deploy("title = \"\\u200b\""), &["command `deploy`: title has nothing to see in it"]);
    is_wrong(
        deploy("colour = 1"),
        &["unknown key `colour`; known here: state_machine, policy, title, allowed, default, fields"],
    );
}

/// What is missing hides nothing of what is wrong beside it.
#[test]
fn everything_that_is_wrong_with_a_command_is_told_at_once() {
    let fields = "[[commands.deploy.fields]]\ntype = \"text\"\n[[commands.deploy.fields]]\nname = \"f\"\ntype = \"integer\"\n\
                  min = 0\nmax = -1\ndefault = \"x\"\n";
    let found = deploy(fields).unwrap_err();
    assert_eq!(found.len(), 3, "{found:?}");
    let without = read(&format!("{AROUND}[commands.deploy]\n{fields}")).unwrap_err().to_string();
    assert_eq!(without.lines().count(), 5, "{without}");
    for words in ["state_machine is missing", "policy is missing", "fields[0]: name is missing", "max is below min"] {
        assert!(without.contains(words), "{words}: {without}");
    }
}

#[test]
fn one_command_at_the_most_is_the_default() {
    let other = "default = true\n[commands.other]\nstate_machine = \"m\"\npolicy = \"p\"\ndefault = true";
    is_wrong(deploy(other), &["command `other`: `deploy` is the default already, and there is one"]);
}

#[test]
fn every_kind_of_field_is_read() {
    for (lines, kind) in [
        ("type = \"text\"", "Text(None)"),
        ("type = \"text\"\npattern = 'a+'", "Text(Some(Pattern"),
        ("type = \"long_text\"", "LongText(None)"),
        ("type = \"integer\"\nmin = 1\nmax = 10", "Integer(Range { min: Some(1), max: Some(10) })"),
        ("type = \"number\"\nmin = 0.5", "Number(Range { min: Some(0.5), max: None })"),
        ("type = \"choice\"\noptions = [\"a\", \"b\"]", "Choice([\"a\", \"b\"])"),
        ("type = \"date\"\nmin = \"2026-01-31\"", "Date(Range { min: Some(2026-01-31), max: None })"),
        ("type = \"boolean\"", "Boolean"),
        ("type = \"person\"", "Person"),
    ] {
        let command = field(lines).unwrap();
        let read = format!("{:?}", command.fields[0].kind);
        assert!(read.starts_with(kind), "{lines}: {read}");
        assert!(command.fields[0].required && command.fields[0].label == "f", "{lines}");
    }
    let labelled = field("type = \"text\"\nlabel = \"The version\"\nrequired = false\ndefault = \"x\"").unwrap();
    let read = &labelled.fields[0];
    assert_eq!((read.label.as_str(), read.required, &read.default), ("The version", false, &Some("x".into())));
}

#[test]
fn each_mistake_names_its_field() {
    let of = |problem: &str| format!("command `deploy`: field `f`: {problem}");
    for (lines, problem) in [
        ("type = \"colour\"", "type must be text, long_text, integer, number, choice, date, boolean or person"),
        ("type = \"choice\"", "options are missing, and a choice needs them, such as [\"yes\", \"no\"]"),
        ("type = \"choice\"\noptions = []", "options has 0 of them, from 1 to 100"),
        ("type = \"choice\"\noptions = [\"a\", \"A\"]", "option is there already"),
        ("type = \"choice\"\noptions = [\" a\"]", "option has white space where none can be seen"),
        ("type = \"integer\"\nmin = 1.5", "min is not an integer"),
        (
            "type = \"integer\"\nmax = \"600\"",
            "max is a text, and the field takes a number: write it without quotation marks",
        ),
        (
            "type = \"number\"\ndefault = \"much\"",
            "default is a text, and the field takes a number: write it without quotation marks",
        ),
        ("type = \"integer\"\nmin = 2\nmax = 1", "max is below min, so nothing could be written"),
        ("type = \"date\"\nmax = \"soon\"", "max is not a date such as 2026-11-23"),
        ("type = \"integer\"\npattern = 'a'", "pattern has no meaning for the type integer"),
        ("type = \"text\"\nmin = 1", "min has no meaning for the type text"),
        ("type = \"person\"\noptions = [\"a\"]", "options has no meaning for the type person"),
        ("type = \"integer\"\nmax = 3\ndefault = 4", "default must be 3 or less"),
        ("type = \"choice\"\noptions = [\"a\"]\ndefault = \"b\"", "default must be one of a, and “b” is not"),
        ("type = \"person\"\ndefault = \"bob\"", "default must be somebody of the policy, and “bob” is not"),
        ("type = \"text\"\nlabel = \"\"", "label has nothing to see in it"),
    ] {
        is_wrong(field(lines), &[&of(problem)]);
    }
    assert!(field("type = \"text\"\npattern = '('").unwrap_err()[0].starts_with(&of("pattern cannot be used: ")));
    let default = field("type = \"boolean\"\ndefault = true").unwrap();
    assert_eq!(default.fields[0].default, Some(true.into()));
}

#[test]
fn a_field_has_a_name_of_its_own_that_can_be_typed() {
    let named = |name: &str| deploy(&format!("[[commands.deploy.fields]]\nname = \"{name}\"\ntype = \"text\""));
    let wanted = "name has a letter and then up to 39 of a-z, A-Z, 0-9, '-' and '_'";
    for name in ["", "1st", "a b", "a=b", "é", "_x", &"x".repeat(41)] {
        is_wrong(named(name), &[&format!("command `deploy`: field `{name}`: {wanted}")]);
    }
    for name in ["requestedBy", "correlation"] {
        is_wrong(named(name), &[&format!("command `deploy`: field `{name}`: the bot says itself what `{name}` is")]);
    }
    let one = "[[commands.deploy.fields]]\nname = \"a\"\ntype = \"text\"\n";
    let twice = format!("{one}{}", one.replace("\"a\"", "\"A\""));
    is_wrong(deploy(&twice), &["command `deploy`: field `A`: there is another of this name"]);
    is_wrong(deploy("fields = 1"), &["fields is a list of tables: write [[commands.NAME.fields]] over each field"]);
    is_wrong(deploy("[[commands.deploy.fields]]\ntype = \"text\""), &["command `deploy`: fields[0]: name is missing"]);
}

/// Whatever is written into it, a form fits a card.
#[test]
fn a_form_that_could_not_be_shown_is_refused() {
    let fields = |count: usize, kind: &str| {
        let field = |n| format!("[[commands.deploy.fields]]\nname = \"f{n}\"\ntype = \"{kind}\"\n");
        deploy(&(0..count).map(field).collect::<String>())
    };
    assert_eq!(fields(FIELDS_MAX, "text").unwrap().fields.len(), FIELDS_MAX);
    is_wrong(fields(16, "text"), &["command `deploy`: 16 fields, at most 15"]);
    assert!(fields(6, "long_text").unwrap().fields.iter().all(|field| field.kind == Kind::LongText(None)));
    let problem = fields(7, "long_text").unwrap_err().remove(0);
    assert!(problem.starts_with("command `deploy`: its form could take 34300 characters of a card, at most 33500"));
}
