//! Asks AWS through the `aws` command line, because it uses whatever login the engineer has, single sign-on included.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::process::Command;

/// The command line tries a call again by itself; all tries together take no longer than this.
const CALL_MAX: Duration = Duration::from_secs(60);

/// The `aws` command line.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    /// The program, looked up on the search path.
    pub(crate) program: PathBuf,
    /// The region, unless the engineer's settings name it.
    pub(crate) region: Option<String>,
}

/// Why AWS gave no answer, in words for the engineer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Refused {
    /// Whether AWS says that what was asked for does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.0.contains("(NotFoundException)")
    }
}

impl Aws {
    /// Makes a read-only call and reads its answer. The answer is shown to nobody: it may be a secret.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: &[&str]) -> Result<T, Refused> {
        let mut command = Command::new(&self.program);
        command.args(call).args(["--output", "json"]);
        command.args(self.region.iter().flat_map(|region| ["--region", region]));
        command.env("AWS_PAGER", "").stdin(Stdio::null()).kill_on_drop(true);
        let output = match tokio::time::timeout(CALL_MAX, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => {
                let program = self.program.display();
                return Err(Refused(format!(
                    "`{program}` cannot be run ({error}): install the AWS command line, and log in"
                )));
            }
            Err(_) => return Err(Refused(format!("`aws {}` did not answer in time", call.join(" ")))),
        };
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(Refused(complaint.trim().to_owned()));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|_| Refused(format!("`aws {}` did not answer as it is documented to", call.join(" "))))
    }
}
