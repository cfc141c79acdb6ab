//! ministack: the emulator that takes the template, runs the packaged functions and has all services that we use.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use axum::body::Bytes;
use countersign_playground::engine::Function;
use countersign_tests::http::Http;
use countersign_tests::process::Process;
use countersign_tests::server;
use data_encoding::BASE64;
use http::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::mail::Mail;
use super::router::{self, Functions};
use super::sdk::{self, REGION};
use super::tools::Tools;

/// What the functions of a deployment call. They inherit it from the emulator's environment.
pub(crate) struct Deployment {
    /// The endpoint of every service of AWS.
    pub(crate) aws_url: String,
    /// What they are told of Slack and Teams.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// How many of them run at one moment, as the account allows it; what is above is refused.
    pub(crate) concurrency: Option<u32>,
}

/// A running ministack, which ends when it is dropped.
pub(crate) struct Ministack {
    url: String,
    http: Http,
    home: PathBuf,
    python: PathBuf,
    functions: Functions,
    functions_url: String,
    _process: Process,
}

impl Ministack {
    pub(crate) async fn start(tools: &Tools, home: &Path, deployment: Option<Deployment>) -> anyhow::Result<Self> {
        let program = tools.emulator("python3");
        let (url, process) = server::start(&program, home, "/_ministack/ready", |command, port| {
            command.env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port).env("STATE_DIR", home.join("state"));
            command.env("MINISTACK_REGION", REGION);
            // Both would listen on fixed ports, and nothing here speaks to them.
            command.env("SFTP_ENABLED", "0").env("IOT_MTLS_ENABLED", "0");
            let Some(deployment) = &deployment else {
                command.args(["-m", "ministack"]);
                return;
            };
            command.args(["-c", include_str!("ministack_mended.py")]);
            command.env("AWS_ENDPOINT_URL", &deployment.aws_url);
            command.envs(deployment.environment.iter().map(|(name, value)| (name, value)));
            // Roles are enforced, so that a permission which is missing is found here.
            command.env("AUTH", "true");
            if let Some(concurrency) = deployment.concurrency {
                command.env("LAMBDA_ACCOUNT_CONCURRENCY", concurrency.to_string());
            }
        })
        .await?;
        let functions = Functions::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let functions_url = format!("http://{}", listener.local_addr()?);
        router::serve(listener, functions.clone(), None);
        let python = tools.emulator("python3");
        let home = home.to_owned();
        Ok(Self { url, http: Http::new(), home, python, functions, functions_url, _process: process })
    }

    /// The endpoint of every service.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A configuration for the clients of the SDK.
    pub(crate) fn sdk_config(&self) -> SdkConfig {
        sdk::config(&self.url)
    }

    /// The same for another account.
    pub(crate) fn sdk_config_of(&self, account: &str) -> SdkConfig {
        sdk::config_of(account, &self.url)
    }

    /// The mails that were sent, the oldest first.
    pub(crate) async fn mails(&self) -> anyhow::Result<Vec<Mail>> {
        let answer = self.peek("ses/messages").await?;
        let accounts = answer["messages"].as_object().into_iter().flatten();
        Ok(accounts.flat_map(|(_, mails)| mails.as_array().into_iter().flatten()).map(Mail::read).collect())
    }

    /// Everything that was ever sent to this queue and that nobody has received, the oldest first.
    pub(crate) async fn queued(&self, queue_url: &str) -> anyhow::Result<Vec<Value>> {
        let query = serde_urlencoded::to_string([("QueueUrl", queue_url)])?;
        let answer = self.peek(&format!("sqs/messages?{query}")).await?;
        let regions = answer["messages"].as_object().into_iter().flatten().flat_map(|(_, regions)| regions.as_object());
        let queues = regions.flatten().flat_map(|(_, queues)| queues.as_object()).flatten();
        let messages = queues.flat_map(|(_, messages)| messages.as_array()).flatten();
        let bodies = messages.map(|message| serde_json::from_str(message["Body"].as_str().unwrap_or_default()));
        Ok(bodies.collect::<Result<_, _>>()?)
    }

    /// Calls of AWS for which we have no SDK client.
    pub(crate) fn client(&self) -> Client {
        Client { url: self.url.clone(), http: self.http.clone() }
    }

    /// Runs a function and waits for its end; one that fails is an error.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<()> {
        self.client().invoke(function, event).await.map(|_| ())
    }

    /// Calls an action of a service that speaks JSON, such as `AWSEvents.PutRule`, and gives what it answers.
    pub(crate) async fn operate(&self, service: &str, action: &str, input: &Value) -> anyhow::Result<Value> {
        self.client().operate(service, action, input).await
    }

    /// Runs a Python script that operates the emulator.
    pub(crate) async fn run_script<'a>(
        &self,
        script: &str,
        arguments: impl Iterator<Item = &'a str>,
    ) -> anyhow::Result<()> {
        self.run_script_in("test", script, arguments).await
    }

    /// The same in another account.
    pub(crate) async fn run_script_in<'a>(
        &self,
        account: &str,
        script: &str,
        arguments: impl Iterator<Item = &'a str>,
    ) -> anyhow::Result<()> {
        let mut command = tokio::process::Command::new(&self.python);
        command.arg("-c").arg(script).args(arguments).env("AWS_ENDPOINT_URL", &self.url);
        command
            .env("AWS_ACCESS_KEY_ID", account)
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", REGION);
        let output = command.output().await?;
        if !output.status.success() {
            bail!("the script failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// Makes Lambda functions that call these closures.
    pub(crate) async fn create_functions(&self, functions: Vec<(impl AsRef<str>, Function)>) -> anyhow::Result<()> {
        let zip = BASE64.encode(&self.forwarding_zip()?);
        for (name, function) in functions {
            let name = name.as_ref();
            self.functions.register(name, function);
            let forward_to = format!("{}/2015-03-31/functions/{name}/invocations", self.functions_url);
            let function = json!({
                "FunctionName": name,
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Role": "arn:aws:iam::000000000000:role/functions",
                "Timeout": 30,
                "Environment": { "Variables": { "FORWARD_TO": forward_to } },
                "Code": { "ZipFile": zip },
            });
            self.client().call(Method::POST, "lambda", "/2015-03-31/functions", None, &function).await?;
        }
        Ok(())
    }

    /// What the emulator shows of itself beside AWS.
    async fn peek(&self, what: &str) -> anyhow::Result<Value> {
        let request = http::Request::get(format!("{}/_ministack/{what}", self.url)).body(Default::default())?;
        Ok(serde_json::from_slice(self.http.send(request).await?.body())?)
    }

    /// A function's package with nothing in it but the script that passes events on.
    fn forwarding_zip(&self) -> anyhow::Result<Vec<u8>> {
        let folder = self.home.join("forward");
        std::fs::create_dir_all(&folder)?;
        let bootstrap = folder.join("bootstrap");
        std::fs::write(&bootstrap, format!("#!{}\n{}", self.python.display(), include_str!("forward.py")))?;
        std::fs::set_permissions(&bootstrap, PermissionsExt::from_mode(0o755))?;
        let mut zip = Command::new(&self.python);
        zip.args(["-m", "zipfile", "-c", "bootstrap.zip", "bootstrap"]).current_dir(&folder);
        if !zip.status()?.success() {
            bail!("{} could not be packed", bootstrap.display());
        }
        Ok(std::fs::read(folder.join("bootstrap.zip"))?)
    }
}

/// Calls of AWS for which we have no SDK client.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    http: Http,
}

impl Client {
    /// Runs a function, and gives what it returns; one that fails is an error.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> anyhow::Result<Value> {
        let answer = self.try_invoke(function, event).await?;
        answer.with_context(|| format!("too many functions run to invoke {function}"))
    }

    /// The same, which gives none if the account or the function has no concurrency left.
    pub(crate) async fn try_invoke(&self, function: &str, event: &Value) -> anyhow::Result<Option<Value>> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self.send(Method::POST, "lambda", &path, None, event).await?;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            return Ok(None);
        }
        // Lambda answers 200 when the function ran and failed.
        if !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error") {
            bail!("{function} failed: {} {}", answer.status(), String::from_utf8_lossy(answer.body()));
        }
        Ok(Some(serde_json::from_slice(answer.body()).unwrap_or_default()))
    }

    /// Calls an action of a service that speaks JSON, such as `AWSEvents.PutRule`, and gives what it answers.
    pub(crate) async fn operate(&self, service: &str, action: &str, input: &Value) -> anyhow::Result<Value> {
        let answer = self.call(Method::POST, service, "/", Some(action), input).await?;
        Ok(serde_json::from_slice(answer.body()).unwrap_or_default())
    }

    /// Gets a resource of a service that speaks REST.
    pub(crate) async fn get(&self, service: &str, path: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(self.call(Method::GET, service, path, None, &Value::Null).await?.body())?)
    }

    /// Gets a resource of a service that speaks REST and not JSON.
    pub(crate) async fn text(&self, service: &str, path: &str) -> anyhow::Result<String> {
        let answer = self.call(Method::GET, service, path, None, &Value::Null).await?;
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// Changes a resource of a service that speaks REST.
    pub(crate) async fn put(&self, service: &str, path: &str, body: &Value) -> anyhow::Result<()> {
        self.call(Method::PUT, service, path, None, body).await.map(|_| ())
    }

    /// A call that has to succeed.
    async fn call(
        &self,
        method: Method,
        service: &str,
        path: &str,
        action: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Response<Bytes>> {
        let answer = self.send(method, service, path, action, body).await?;
        if !answer.status().is_success() {
            let (action, text) = (action.unwrap_or(path), String::from_utf8_lossy(answer.body()));
            bail!("{service} answered {} to {action}: {text}", answer.status());
        }
        Ok(answer)
    }

    /// The service is named as in the scope of a signature, and the action where the path does not say it.
    async fn send(
        &self,
        method: Method,
        service: &str,
        path: &str,
        action: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Response<Bytes>> {
        let scope = format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request");
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(header::AUTHORIZATION, format!("{scope}, SignedHeaders=host, Signature=0"))
            .header(header::CONTENT_TYPE, action.map_or("application/json", |_| "application/x-amz-json-1.1"));
        if let Some(action) = action {
            request = request.header("x-amz-target", action);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.send(request.body(body.into())?).await
    }
}
