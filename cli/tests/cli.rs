//! The program as it is called: what it prints, where, and how it exits.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs the program without anything of whoever runs the tests: no login, no settings, no home.
fn countersign(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap()
}

/// What it printed, what it complained of, and its exit code.
fn run(arguments: &[&str]) -> (String, String, i32) {
    let Output { stdout, stderr, status } = countersign(arguments);
    (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.code().unwrap())
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
        for (decision, status, result) in
            [("approve", "approved", Some(494)), ("reject", "rejected", None), ("return", "returned", None)]
        {
            let (ended, code) = demo(&["125", "122", "--via", via, "--decide", decision]);
            let seen = (ended["status"].as_str(), ended["output"]["result"].as_i64(), code);
            assert_eq!(seen, (Some(status), result, 0), "{via}, {decision}");
        }
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
        file("machine.json", r#"{"StartAt": "A", "QueryLanguage": "SQL", "States": {"A": {"Type": "Succeed"}}}"#);
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

/// The commands of `docs/your-workflow.md`, with each decision that a demonstration plays.
#[test]
fn the_documented_examples_are_played_as_documented() {
    for (example, approved) in [("release", "deployed"), ("expense", "paid"), ("agent", "answered")] {
        let file = |name: &str| format!("{}/../infra/examples/{example}/{name}", env!("CARGO_MANIFEST_DIR"));
        let [machine, mocks] = ["asl", "mocks"].map(|kind| file(&format!("{example}.{kind}.json")));
        let [policy, input] = ["policy.toml", "input.json"].map(file);
        for decision in ["approve", "reject", "ignore"] {
            let (ended, code) = demo(&[
                "--state-machine",
                &machine,
                "--mocks",
                &mocks,
                "--policy",
                &policy,
                "--input",
                &input,
                "--decide",
                decision,
            ]);
            assert_eq!(code, 0, "{example}, {decision}: {ended}");
            if decision == "approve" {
                assert_eq!(ended["status"], approved, "{example}: {ended}");
            }
        }
    }
}

/// A machine that asks and then has a service deploy.
const RELEASE: &str = r#"{ "QueryLanguage": "JSONata", "StartAt": "Ask", "States": {
    "Ask": {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": { "FunctionName": "${NotifierArn}", "Payload": {
            "taskToken": "{% $states.context.Task.Token %}",
            "executionArn": "{% $states.context.Execution.Id %}",
            "stateEnteredAt": "{% $states.context.State.EnteredTime %}",
            "timeoutSeconds": 3600,
            "approval": { "policy": "deploy", "title": "{% 'Deploy ' & $states.input.version %}" }
        } },
        "TimeoutSeconds": 3600,
        "Next": "Deploy"
    },
    "Deploy": { "Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": {}, "End": true }
} }"#;

#[test]
fn a_machine_of_ones_own_gets_its_mocks_and_is_played() {
    let machine = file("release.asl.json", RELEASE);
    let machine = machine.to_str().unwrap();
    let input = file("release.input.json", "{\"version\": \"1.4.2\"}");
    let mocks = PathBuf::from(machine).with_file_name("release.mocks.json");
    std::fs::remove_file(&mocks).ok();

    let (_, complaint, code) = run(&["demo", "--state-machine", machine]);
    assert!(
        code == 2 && complaint.contains("state Deploy: field Resource") && complaint.contains("mocks init"),
        "{complaint}"
    );
    let (said, _, code) = run(&["mocks", "init", machine]);
    assert!(code == 0 && said.contains("release.mocks.json has what these return, to be filled in: Deploy"), "{said}");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&mocks).unwrap()).unwrap();
    assert_eq!(written["StateMachines"]["release"]["TestCases"]["Happy"]["Deploy"], "Deploy");
    let (_, complaint, code) = run(&["mocks", "init", machine]);
    assert!(code == 2 && complaint.contains("is not overwritten: --output FILE"), "{complaint}");

    let (mocks, input) = (mocks.to_str().unwrap(), input.to_str().unwrap());
    let played = ["--state-machine", machine, "--mocks", mocks, "--input", input];
    for decision in ["approve", "reject", "ignore"] {
        let (ended, code) = demo(&[&played, &["--decide", decision][..]].concat());
        let execution = if decision == "approve" { "SUCCEEDED" } else { "FAILED" };
        assert_eq!((ended["execution"].as_str(), code), (Some(execution), 0), "{decision}: {ended}");
    }
}

/// The state of that machine which asks, as the last one.
fn ask() -> Value {
    let machine: Value = serde_json::from_str(RELEASE).unwrap();
    let mut ask = machine["States"]["Ask"].clone();
    ask.as_object_mut().unwrap().remove("Next");
    ask["End"] = true.into();
    ask
}

#[test]
fn every_request_of_a_machine_is_decided() {
    let ask = ask();
    let each = serde_json::json!({ "QueryLanguage": "JSONata", "StartAt": "Each", "States": { "Each": {
        "Type": "Map", "Items": [{ "version": "1" }, { "version": "2" }, { "version": "3" }], "End": true,
        "ItemProcessor": { "StartAt": "Ask", "States": { "Ask": ask } }
    } } });
    let machine = file("each.asl.json", &each.to_string());
    for via in ["slack", "teams", "email"] {
        let (ended, code) = demo(&["--state-machine", machine.to_str().unwrap(), "--via", via]);
        assert_eq!((ended["output"].as_array().map(Vec::len), code), (Some(3), 0), "{via}: {ended}");
    }
}

#[test]
fn what_belongs_to_a_machine_is_refused_without_one_and_read_before_anything_starts() {
    let machine = file("end.asl.json", r#"{ "StartAt": "End", "States": { "End": { "Type": "Succeed" } } }"#);
    let input = file("no-json", "{");
    let (machine, input) = (machine.to_str().unwrap(), input.to_str().unwrap());
    let twice = format!("b={machine}");
    let cases: [(&[&str], &str); 8] = [
        (&["demo", "--state-machine", machine, "--timeout", "3s"], "--timeout changes nothing"),
        (
            &["explain", machine, "--policy", "../playground/policy.toml", "--as", "ada"],
            "end.asl.json is a state machine",
        ),
        (&["--mocks", "m.json"], "--state-machine <[NAME=]FILE>"),
        (&["--state-machine", machine, "--test-case", "Happy"], "--mocks <FILE>"),
        (&["--state-machine", machine, "--input", input], "no-json is not JSON"),
        (&["--state-machine", machine, "--input", &format!("x={machine}")], "no state machine is called x"),
        (&["demo", "1", "2", "--state-machine", machine], "cannot be used with"),
        (&["demo", "--state-machine", machine, "--state-machine", &twice], "a demonstration plays one state machine"),
    ];
    for (arguments, message) in cases {
        let (_, complaint, code) = run(arguments);
        assert!(code == 2 && complaint.contains(message), "{arguments:?}: {complaint}");
    }
    let (said, _, code) = run(&["mocks", "init", machine]);
    assert_eq!((said.as_str(), code), ("end needs no mocks.\n", 0));
}

#[test]
fn a_demonstration_that_cannot_begin_exits_with_2() {
    let policy = file(
        "nobody.toml",
        "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.calculation]\napprovers = [\"ada\"]\n",
    );
    let (_, complaint, code) = run(&["demo", "1", "2", "--policy", policy.to_str().unwrap()]);
    assert!(code == 2 && complaint.contains("nobody of the policy has an id there"), "{complaint}");
    assert!(complaint.contains("under [people.ada]"), "what serves the page says it, too: {complaint}");
}

/// A script would wait for ever.
#[test]
fn a_demonstration_that_nobody_can_decide_says_why() {
    let policy = |name: &str, access: &str, ada: &str, rules: &str| {
        let people = format!(
            "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n{ada}\n\
             [people.grace]\nname = \"Grace\"\nemail = \"grace@example.com\"\nslack = \"U2\"\n"
        );
        let rules = format!("[policies.deploy]\napprovers = [\"ada\"]\nself_approval = true\n{rules}\n");
        file(name, &format!("{access}\n{people}\n{rules}"))
    };
    let machine =
        serde_json::json!({ "QueryLanguage": "JSONata", "StartAt": "Ask", "States": { "Ask": ask() } }).to_string();
    let machine = file("asks.asl.json", &machine);
    let input = file("asks.input.json", "{\"version\": \"1.4.2\"}");
    let access = "[access]\nslack_teams = [\"T0LOCAL\"]";
    let (slack, channel) = ("slack = \"U1\"", "slack_channel = \"C1\"");
    let teams = "teams = \"7c1b2d3e-4f50-4a6b-8c7d-000000000001\"";
    let (both, conversation) = (format!("{slack}\n{teams}"), "teams_conversation = \"19:a@thread.tacv2\"");
    let returns = format!("{channel}\nreturns = true");
    let told = "it still waits after Ada, who was told “";
    let cases: [(PathBuf, &[&str], &str); 6] = [
        (
            policy("no-id.toml", access, "", channel),
            &[],
            "nobody who may decide under `deploy` has `slack` in the policy",
        ),
        (policy("no-channel.toml", access, slack, ""), &[], "the policy `deploy` asks nobody in Slack: --via"),
        (policy("no-access.toml", "", slack, channel), &[], told),
        (policy("no-form.toml", "", slack, &returns), &["--decide", "return"], told),
        (
            policy("no-slack-id.toml", access, teams, conversation),
            &["--via", "teams"],
            "has both `slack` and `teams` in",
        ),
        (policy("no-tenant.toml", access, &both, conversation), &["--via", "teams"], told),
    ];
    for (policy, more, complaint) in cases {
        let [machine, input, policy] = [&machine, &input, &policy].map(|file| file.to_str().unwrap());
        let arguments = ["demo", "--state-machine", machine, "--input", input, "--policy", policy];
        let (_, said, code) = run(&[&arguments, more].concat());
        assert!(code == 1 && said.contains(complaint), "{code}: {said}");
    }
}

#[test]
fn help_tells_everything() {
    let (help, _, _) = run(&["--help"]);
    for word in ["--port", "--timeout", "--policy", "--state-machine", "Exit codes: 0", "Examples:"] {
        assert!(help.contains(word), "{word}");
    }
    let commands = "local demo doctor audit explain manifests mocks policy secrets slack teams completions";
    for command in commands.split(' ') {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        let (help, complaint, code) = run(&[command, "--help"]);
        assert!(help.contains(&format!("Usage: countersign {command}")) && help.contains("Examples:"), "{help}");
        assert!(!help.contains('\u{1b}'), "no colour in a pipe: {help}");
        assert_eq!((complaint.as_str(), code), ("", 0));
    }
    let (help, _, _) = run(&["demo", "--help"]);
    for word in ["--via", "--decide", "--json", "approve", "reject", "ignore", "exit code"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn a_command_that_is_wrong_exits_with_2() {
    let cases: [(&[&str], &str); 7] = [
        (&["approve"], "unrecognized subcommand 'approve'"),
        (&["doctor"], "--stack <STACK>"),
        (&["audit", "show", "apr_1", "--stack", "s"], "an approval id is apr_ and 26 lower-case letters and digits"),
        (&["manifests", "--url", "http://bot.example.com"], "it must begin with https://"),
        (&["completions", "cmd"], "invalid value 'cmd'"),
        (&["policy", "check", "no/such/file"], "no/such/file cannot be read"),
        (&["explain", "no/such/request", "--policy", "no/such/file", "--as", "ada"], "no/such/file cannot be read"),
    ];
    for (arguments, message) in cases {
        let (printed, complaint, code) = run(arguments);
        assert!(complaint.starts_with("error: ") && complaint.contains(message), "{arguments:?}: {complaint}");
        assert_eq!((printed.as_str(), code), ("", 2), "{arguments:?}");
    }
}

#[test]
fn a_policy_is_checked() {
    let right = file(
        "right.toml",
        "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.calculation]\napprovers = [\"ada\"]\n",
    );
    let (printed, _, code) = run(&["policy", "check", right.to_str().unwrap()]);
    assert!(code == 0 && printed.ends_with("right.toml is right: 1 person, 1 policy, 0 commands\n"), "{printed}");
    let wrong = file("wrong.toml", "[policies.calculation]\napprovers = []\ncolour = 1\n");
    let (printed, complaint, code) = run(&["policy", "check", wrong.to_str().unwrap()]);
    assert!(
        printed.contains("wrong.toml is not right:\n") && printed.contains("line 3: unknown key `colour`"),
        "{printed}"
    );
    assert_eq!((complaint.as_str(), code), ("", 1));
    let (printed, _, code) = run(&["policy", "check", wrong.to_str().unwrap(), "--json"]);
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((json["ok"].as_bool(), code), (Some(false), 1), "{json}");
}

#[test]
fn a_request_is_explained() {
    let policy = file(
        "explain.toml",
        "[people.ada]\nname = \"Ada\"\n[people.grace]\nname = \"Grace\"\nemail = \"grace@example.com\"\n\
         [policies.calculation]\napprovers = [\"ada\", \"grace\"]\nslack_channel = \"C1\"\n",
    );
    let explain = |request: &str, person: &str| {
        let request = file("request.json", request);
        let files = [request.to_str().unwrap(), "--policy", policy.to_str().unwrap()];
        run(&[&["explain"], files.as_slice(), &["--as", person, "--json"]].concat())
    };
    let request = r#"{"policy": "calculation", "title": "1 + 1", "requestedBy": "ada"}"#;
    let (printed, _, code) = explain(request, "ada");
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((json["mayDecide"].as_bool(), code), (Some(false), 0), "{json}");
    let (printed, _, code) = explain(r#"{"policy": "other", "title": "1 + 1"}"#, "ada");
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((json["ok"].as_bool(), code), (Some(false), 1), "{json}");
    let (_, complaint, code) = explain(request, "mallory");
    assert_eq!((complaint.as_str(), code), ("error: the policy has nobody who is called `mallory`\n", 2));
}

#[test]
fn manifests_are_made_without_a_checkout() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["manifests", "--url", "https://bot.example.org"])
        .args(["--teams-app-id", "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a"])
        .env_clear()
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let slack = std::fs::read_to_string(folder.path().join("countersign-manifests/slack.yaml")).unwrap();
    assert!(slack.contains("https://bot.example.org/slack/events") && !slack.contains("example.com"), "{slack}");
    assert!(folder.path().join("countersign-manifests/teams.zip").is_file());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("countersign-manifests/slack.yaml") && said.contains("countersign-manifests/teams.zip"),
        "{said}"
    );
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (script, complaint, code) = run(&["completions", shell]);
        assert!(script.contains("doctor") && complaint.is_empty() && code == 0, "{shell}: {complaint}{script}");
    }
}

/// Whoever pipes into `head` reads what they want, and sees no complaint about the rest.
#[test]
fn a_pipe_that_is_closed_is_no_error() {
    for arguments in [&["completions", "bash"] as &[&str], &["demo", "1", "2"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let ended = command.args(arguments).env_clear().stdout(writer).output().unwrap();
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{arguments:?}");
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
    }
}
