//! The policy file of the local run, saved while it runs.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

/// The local run, which ends when this is dropped.
struct Local {
    process: Child,
    address: String,
    complaints: Lines<BufReader<ChildStderr>>,
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Local {
    fn start(policy: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["local", "--port", "0", "--policy", policy.to_str().unwrap()]).env_clear();
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let complaints = BufReader::new(process.stderr.take().unwrap()).lines();
        let said = BufReader::new(process.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let address = said.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Self { process, address, complaints }
    }

    /// What the page shows.
    fn page(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = "GET /playground/api/state HTTP/1.1\r\nConnection: close\r\nHost: ";
        stream.write_all(format!("{request}{}\r\n\r\n", self.address).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// Looks at the page until it is as it should be.
    fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        for _ in 0..600 {
            if is_so(&self.page()) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("the page never shows that {what}: {}", self.page()["policy"]);
    }
}

/// Whoever saves the policy of the local run is told in the terminal and on the page if it is wrong.
#[test]
fn a_policy_that_is_saved_anew_is_looked_at() {
    let text = include_str!("../../playground/policy.toml");
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    std::fs::write(&policy, text).unwrap();
    let mut local = Local::start(&policy);
    assert_eq!(local.page()["policy"], json!({ "version": 1, "problem": null }));
    std::fs::write(&policy, "[policies.none]\n").unwrap();
    let complaint = local.complaints.next().unwrap().unwrap();
    assert!(complaint.contains("the policy before it stays in force"), "{complaint}");
    local.until("the file is wrong", |page| {
        page["policy"]["problem"].as_str().is_some_and(|why| why.contains("line 1"))
    });
    assert_eq!(local.page()["policy"]["version"], 1);
    std::fs::write(&policy, text.replace("Ada Lovelace", "Ada King")).unwrap();
    local.until("it is right", |page| page["policy"] == json!({ "version": 2, "problem": null }));
    assert!(local.page()["people"].to_string().contains("Ada King"));
}
