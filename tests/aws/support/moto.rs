//! moto: the second interpreter of state machines. It calls Lambda at its own address, where our router stands.

use std::path::Path;

use aws_config::SdkConfig;
use countersign_playground::engine::Function;
use countersign_tests::http::Http;
use countersign_tests::process::Process;
use countersign_tests::server;
use serde_json::json;
use tokio::net::TcpListener;

use super::router::{self, Functions};
use super::sdk;
use super::tools::Tools;

/// A running moto, which ends when it is dropped.
pub(crate) struct Moto {
    url: String,
    functions: Functions,
    _process: Process,
}

impl Moto {
    pub(crate) async fn start(tools: &Tools, home: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let front = listener.local_addr()?;
        let program = tools.emulator("python3");
        let (behind, process) = server::start(&program, home, "/moto-api/data.json", |command, port| {
            command.args(["-c", include_str!("moto_mended.py"), "-H", "127.0.0.1", "-p", port]);
            command.env("MOTO_PORT", front.port().to_string());
        })
        .await?;
        let config = json!({ "stepfunctions": { "execute_state_machine": true }, "lambda": { "use_docker": false } });
        Http::new().post_json(&format!("{behind}/moto-api/config"), &config).await?;
        let functions = Functions::default();
        router::serve(listener, functions.clone(), Some(behind));
        Ok(Self { url: format!("http://{front}"), functions, _process: process })
    }

    /// A configuration for the clients of the SDK.
    pub(crate) fn sdk_config(&self) -> SdkConfig {
        sdk::config(&self.url)
    }

    /// Makes functions known that state machines can call.
    pub(crate) fn create_functions(&self, functions: Vec<(impl AsRef<str>, Function)>) {
        for (name, function) in functions {
            self.functions.register(name.as_ref(), function);
        }
    }
}
