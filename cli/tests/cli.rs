//! The command line: demonstrations that end as they should, and one clear message where nothing can start.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn countersign(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

/// The last line of a demonstration for machines, and the exit code.
fn demo(arguments: &[&str]) -> (Value, i32) {
    let output = countersign(&[&["demo", "--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let steps: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = steps.last().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr))).clone();
    assert_eq!(last["step"], "ended", "{text}");
    (last, output.status.code().unwrap())
}

#[test]
fn demonstrations_end_as_their_decision_should_end_them() {
    for via in ["slack", "teams", "email"] {
        let (ended, code) = demo(&["125", "122", "--via", via, "--decide", "approve"]);
        assert_eq!(
            (ended["status"].as_str(), ended["output"]["result"].as_i64(), code),
            (Some("approved"), Some(494), 0)
        );
        let (ended, code) = demo(&["125", "122", "--via", via, "--decide", "reject"]);
        assert_eq!((ended["status"].as_str(), code), (Some("rejected"), 0));
    }
    let (ended, code) = demo(&["-5", "2", "--decide", "ignore", "--timeout", "1s"]);
    assert_eq!((ended["status"].as_str(), code), (Some("expired"), 0));
}

#[test]
fn bad_inputs_end_with_their_reason_and_not_as_the_decision_should() {
    let cases: [(&[&str], &str, &str); 4] = [
        (&["1.5", "2"], "invalid_input", "x is 1.5"),
        (&["125"], "invalid_input", "y is missing"),
        (&["one", "2"], "invalid_input", "x is a string"),
        (&["9223372036854775807", "1"], "failed", "does not fit"),
    ];
    for (numbers, status, reason) in cases {
        let (ended, code) = demo(numbers);
        assert_eq!((ended["status"].as_str(), code), (Some(status), 1), "{ended}");
        assert!(ended["reason"].as_str().unwrap().contains(reason), "{ended}");
    }
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn what_cannot_start_says_why_and_starts_nothing() {
    let policy = file("policy.toml", "[policies.calculation]\napprovers = []\ncolour = 1\n");
    let machine =
        file("machine.json", r#"{"StartAt": "A", "QueryLanguage": "JSONata", "States": {"A": {"Type": "Succeed"}}}"#);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &str); 8] = [
        (&["--policy", policy.to_str().unwrap()], "line 3: unknown key `colour`"),
        (&["--policy", "no/such/file"], "no/such/file cannot be read"),
        (&["--state-machine", machine.to_str().unwrap()], "QueryLanguage"),
        (&["--port", &port], "cannot be used"),
        (&["--timeout", "soon"], "a duration of whole seconds is needed"),
        (&["--timeout", "30000h"], "at most 99999999 s"),
        (&["--port", "70000"], "invalid value '70000'"),
        (&["demo", "--via", "pigeon"], "invalid value 'pigeon'"),
    ];
    for (arguments, message) in cases {
        let output = countersign(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "nothing was started");
    }
}

#[test]
fn a_demonstration_that_cannot_begin_exits_with_2() {
    let policy = file("nobody.toml", "[people.ada]\nname = \"Ada\"\n[policies.calculation]\napprovers = [\"ada\"]\n");
    let output = countersign(&["demo", "1", "2", "--policy", policy.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("the policy has no Slack user"));
}

#[test]
fn help_tells_everything() {
    let text = |arguments: &[&str]| String::from_utf8(countersign(arguments).stdout).unwrap();
    let help = text(&["--help"]);
    for option in ["--port", "--timeout", "--policy", "--state-machine", "demo"] {
        assert!(help.contains(option), "{option}");
    }
    let help = text(&["demo", "--help"]);
    for option in ["--via", "--decide", "--json", "approve", "reject", "ignore", "exit code"] {
        assert!(help.contains(option), "{option}");
    }
}
