use serde_json::json;

use super::*;
use crate::approval::policy_file;

const POLICY: &str = r#"
[people.ada]
name = "Ada Lovelace"
email = "ada@example.com"
[people.grace]
name = "Grace Hopper"
email = "grace@example.com"
[policies.deploy]
approvers = ["ada"]
[commands.deploy]
state_machine = "release"
policy = "deploy"
[[commands.deploy.fields]]
name = "version"
type = "text"
pattern = '\d+\.\d+'
[[commands.deploy.fields]]
name = "environment"
type = "choice"
options = ["staging", "production"]
default = "staging"
[[commands.deploy.fields]]
name = "note"
type = "long_text"
required = false
[[commands.deploy.fields]]
name = "owner"
type = "person"
required = false
[commands.nightly]
state_machine = "nightly"
policy = "deploy"
"#;

#[track_caller]
fn check(words: &str, expected: Value) {
    let policy = policy_file::read(POLICY).unwrap();
    let filling = policy.filled_in_words(&policy.commands["deploy"], words);
    let read = match filling.complete() {
        Ok(complete) => Value::Object(complete.values().clone()),
        Err(filling) => {
            let mistakes = filling.mistakes().map(|(field, mistake)| format!("{} {mistake}", field.name));
            json!(mistakes.chain(filling.problem.as_ref().map(ToString::to_string)).collect::<Vec<_>>())
        }
    };
    assert_eq!(read, expected, "{words:?}");
}

fn deploy(version: &str, environment: &str, note: Option<&str>, owner: Option<&str>) -> Value {
    json!({ "version": version, "environment": environment, "note": note, "owner": owner })
}

#[test]
fn values_are_taken_in_order_by_name_and_in_quotation_marks() {
    for words in ["1.4", "1.4 staging", "version=1.4", " VERSION=1.4\nstaging ", "environment=staging 1.4", "“1.4”"]
    {
        check(words, deploy("1.4", "staging", None, None));
    }
    check("1.4 Production", deploy("1.4", "production", None, None));
    let said = deploy("1.4", "production", Some("It's urgent, so \"now\""), Some("grace"));
    for words in [
        "1.4 production 'It's urgent, so \"now\"' grace",
        "1.4 production, 'It's urgent, so \"now\"', “Grace Hopper”",
        "owner=GRACE note='It's urgent, so \"now\"' 1.4 production",
        "1.4 production note=‘It's urgent, so \"now\"’ owner=grace@example.com",
    ] {
        check(words, said.clone());
    }
    check("1.4 note=\"a\nb=c\"", deploy("1.4", "staging", Some("a\nb=c"), None));
    check("1.4 note=https://x.example/?a=b", deploy("1.4", "staging", Some("https://x.example/?a=b"), None));
    check("1.4 staging https://x.example/?a=b", deploy("1.4", "staging", Some("https://x.example/?a=b"), None));
    check("1.4 note= owner=\"\"", deploy("1.4", "staging", None, None));
}

#[test]
fn what_is_not_understood_is_told_by_its_field() {
    check("", json!(["version is missing"]));
    check("production", json!([r"version must look like \d+\.\d+, and “production” does not"]));
    check("1.4 prod", json!(["environment must be one of staging, production, and “prod” is not"]));
    check("1.4 version=1.5", json!(["environment must be one of staging, production, and “1.4” is not"]));
    check("version=1.4 version=1.5", json!(["version is given more than once"]));
    check("1.4 environment=", json!(["environment is missing"]));
    check("verison=1.4", json!(["version is missing", "it has no field “verison”"]));
    check("1.4 owner=bob", json!(["owner must be somebody of the policy, and “bob” is not"]));
    check("1.4 staging a ada more", json!(["there are 5 values without a name, and it takes 4"]));
    check("1.4 staging \"not closed", json!(["a quotation mark is not closed"]));
}

#[test]
fn a_form_has_what_stands_in_it_and_no_default_for_what_is_empty() {
    let policy = policy_file::read(POLICY).unwrap();
    let command = &policy.commands["deploy"];
    let written = |field: &Field| (field.name == "version").then(|| "1.4".to_owned());
    let filling = policy.filled_in_form(command, written);
    let mistakes: Vec<String> =
        filling.mistakes().map(|(field, mistake)| format!("{} {mistake}", field.name)).collect();
    assert_eq!(mistakes, ["environment is missing"]);
    let written = |field: &Field| match field.name.as_str() {
        "version" => Some("1.4".to_owned()),
        "environment" => Some("production".to_owned()),
        "note" => Some(" a\r\nb ".to_owned()),
        _ => None,
    };
    let complete = policy.filled_in_form(command, written).complete().unwrap();
    assert_eq!(Value::Object(complete.values().clone()), deploy("1.4", "production", Some("a\nb"), None));
}

#[test]
fn a_blank_form_has_its_defaults_and_blames_nobody() {
    let policy = policy_file::read(POLICY).unwrap();
    let blank = Filling::blank(&policy.commands["deploy"]);
    let entries: Vec<Entry> = blank.entries().map(|(_, entry)| entry.clone()).collect();
    assert_eq!(entries, [Entry::Blank, Entry::Value(json!("staging")), Entry::Blank, Entry::Blank]);
    assert!(blank.mistakes().next().is_none() && blank.complete().is_err());
    assert!(Filling::blank(&policy.commands["nightly"]).complete().is_ok(), "nothing is asked for");
}

#[test]
fn people_and_options_are_chosen_from_and_shown_by_name() {
    let policy = policy_file::read(POLICY).unwrap();
    let [version, environment, _, owner] = policy.commands["deploy"].fields.as_slice() else { panic!("four fields") };
    assert_eq!(policy.menu(version), None);
    assert_eq!(policy.menu(environment).unwrap()[1], ("production".to_owned(), "production".to_owned()));
    assert_eq!(policy.menu(owner).unwrap()[0], ("Ada Lovelace".to_owned(), "ada".to_owned()));
    assert_eq!(policy.shown(owner, &json!("ada")), "Ada Lovelace");
    assert_eq!(policy.shown(environment, &json!("ada")), "ada");
}
