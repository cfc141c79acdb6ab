//! The login that commands about a deployment need, which is that of the AWS command line.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(feature = "aws")]
use std::path::PathBuf;
use std::process::{Command, Output};

#[cfg(feature = "aws")]
use serde_json::Value;

/// Commands that ask AWS about a stack.
const ON_A_STACK: [&str; 6] =
    ["doctor", "policy show", "audit verify apr_00000000000000000000000000", "secrets status", "slack", "teams"];

/// What the program printed, what it complained of, and its exit code, without anything of whoever runs the tests.
fn run(arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let command = command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
    let Output { stdout, stderr, status } = command.output().unwrap();
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code().unwrap())
}

#[cfg(feature = "aws")]
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[cfg(feature = "aws")]
#[test]
fn without_a_login_or_a_region_nothing_is_asked() {
    for command in ON_A_STACK.map(|command| command.split(' ').collect::<Vec<_>>()) {
        let on_stack = [&command[..], &["--stack", "approvals", "--region", "eu-west-1"]].concat();
        let (printed, complaint, code) = run(&on_stack);
        assert!(complaint.starts_with("error: there is no AWS login that works: log in, "), "{complaint}");
        assert_eq!((printed.as_str(), code), ("", 2));
    }
    let (_, complaint, _) = run(&["doctor", "--stack", "approvals", "--region", "eu-west-1", "--profile", "nope"]);
    assert!(complaint.contains("the profile nope gives none"), "{complaint}");
    let mut named = Command::new(env!("CARGO_BIN_EXE_countersign"));
    named.args(["doctor", "--stack", "approvals", "--region", "eu-west-1"]).env_clear().env("AWS_PROFILE", "nope");
    let complaint = named.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap().stderr;
    let complaint = String::from_utf8(complaint).unwrap();
    assert!(complaint.contains("AWS_PROFILE names the profile nope"), "{complaint}");
    let mut with_login = Command::new(env!("CARGO_BIN_EXE_countersign"));
    with_login.args(["doctor", "--stack", "approvals"]).env_clear().env("AWS_EC2_METADATA_DISABLED", "true");
    let output = with_login.env("AWS_ACCESS_KEY_ID", "AKID").env("AWS_SECRET_ACCESS_KEY", "hidden").output().unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && complaint.starts_with("error: no region is set"), "{complaint}");
}

#[cfg(feature = "aws")]
#[test]
fn without_a_terminal_nothing_is_changed_that_nobody_agreed_to() {
    for action in ["set slack_bot_token", "rotate link_key", "remove slack"] {
        let action: Vec<&str> = action.split(' ').collect();
        let (printed, complaint, code) = run(&[&["secrets"], &action[..], &["--stack", "approvals"]].concat());
        assert!(complaint.contains("standard input is no terminal: say --yes"), "{complaint}");
        assert_eq!((printed.as_str(), code), ("", 2));
    }
    let on_the_command_line = ["secrets", "set", "slack_bot_token", "xoxb-1", "--stack", "approvals"];
    let (_, complaint, code) = run(&on_the_command_line);
    assert!(complaint.contains("unexpected argument") && code == 2, "{complaint}");
}

/// The settings of the AWS command line hold: a profile, a program that gives credentials, the address of AWS. Nobody
/// answers there, which the doctor says.
#[cfg(feature = "aws")]
#[test]
fn the_login_and_the_settings_are_those_of_the_aws_command_line() {
    let process = r#"{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "hidden"}"#;
    let process = file("credentials.json", process);
    let config = format!(
        "[profile work]\nregion = eu-west-1\ncredential_process = /bin/cat {}\n\
         endpoint_url = http://127.0.0.1:1\n",
        process.display()
    );
    let config = file("aws-config", &config);
    for (name, profile) in [("AWS_PROFILE", None), ("UNRELATED", Some("--profile=work"))] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["doctor", "--stack", "approvals", "--json"]).args(profile).env_clear();
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", &config).env(name, "work");
        let output = command.output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
        let stack = &report["checks"][0];
        assert_eq!((stack["name"].as_str(), stack["verdict"].as_str()), (Some("stack"), Some("fail")), "{report}");
        assert!(stack["text"].as_str().unwrap().contains("Connection refused"), "{report}");
        assert_eq!((report["ok"].as_bool(), output.status.code()), (Some(false), Some(1)));
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_aws_clients_says_which_has_them() {
    for command in ON_A_STACK.map(|command| command.split(' ').collect::<Vec<_>>()) {
        let (printed, complaint, code) = run(&[&command[..], &["--stack", "approvals"]].concat());
        assert!(complaint.contains(&format!("`cargo run --features aws -- {} …`", command[0])), "{complaint}");
        assert_eq!((printed.as_str(), code), ("", 2));
    }
}
