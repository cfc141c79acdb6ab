//! The deployed system: the template and the packaged functions, put on an emulator by `sam deploy`, with Slack and
//! Teams beside it.

use std::collections::BTreeMap;
use std::process::Output;

use anyhow::{Context, ensure};
use axum::body::Bytes;
use countersign_bot::aws::dynamodb::DynamoDbStore;
use countersign_playground::fakes::FakeSlack;
use countersign_playground::fakes::teams::FakeTeams;
use countersign_playground::markup::Markup;
use countersign_tests::http::Http;
use countersign_tests::patience::until;
use http::{Request, Response, header};
use http_body_util::Full;
use serde_json::{Value, json};

use super::chats::Chats;
use super::deployable::Deployable;
use super::emulators::Emulators;
use super::mail::Mail;
use super::mapping::Mapping;
use super::ministack::{Deployment, Ministack};
use super::operator;
use super::proxy::Proxy;
use super::sam::{APPROVAL_TIMEOUT_SECONDS, Sam, Version};
use super::sdk::REGION;

/// The name of the stack.
pub(crate) const NAME: &str = "countersign";
/// The policy of the cases.
pub(crate) const POLICY: &str = include_str!("../policy.toml");
/// ministack takes this tag as the API's id, so that the address of the API is known before it is deployed.
const API: &str = "c0de5160";
/// The roles that ministack needs help with.
const BOT_ROLES: [&str; 4] = ["WebhookRole", "NotifierRole", "MessengerRole", "ReconcilerRole"];

/// The machines of the examples, which people may start from a chat once they are there.
const EXAMPLES: [&str; 3] = ["release", "expense", "agent"];

/// The ARN of a machine of this name, whether it is there or not.
fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:{REGION}:000000000000:stateMachine:{name}")
}

/// A deployment of its own, on an emulator of its own.
pub(crate) struct Stack {
    pub(crate) ministack: Ministack,
    /// Between the functions and AWS.
    pub(crate) proxy: Proxy,
    pub(crate) slack: FakeSlack,
    pub(crate) teams: FakeTeams,
    /// Where the two are, by the names that the program and the functions have for it.
    pub(crate) chats: Vec<(&'static str, String)>,
    parameters: Vec<String>,
    outputs: BTreeMap<String, String>,
    http: Http,
    mapping: Mapping,
}

impl Stack {
    /// Deploys the template as it is, and adds the secrets of Slack and Teams as an operator would. The functions find
    /// the emulator and the fakes through the environment of the emulator, which they inherit.
    pub(crate) async fn deploy(emulators: &Emulators, name: &str) -> anyhow::Result<Self> {
        Self::deploy_version(emulators, name, &Version::of_now(emulators)?, None, &[]).await
    }

    /// The same of another version.
    pub(crate) async fn deploy_other(emulators: &Emulators, name: &str, version: &Version) -> anyhow::Result<Self> {
        Self::deploy_version(emulators, name, version, None, &[]).await
    }

    /// The same on an account that runs so many functions at one moment, of which so many are kept for the webhook.
    pub(crate) async fn deploy_with_concurrency(
        emulators: &Emulators,
        name: &str,
        concurrency: u32,
        reserved: u32,
    ) -> anyhow::Result<Self> {
        let now = Version::of_now(emulators)?;
        let stack = Self::deploy_version(emulators, name, &now, Some(concurrency), &[]).await?;
        // ministack leaves out of a template what a function reserves.
        let path = format!("/2017-10-31/functions/{}/concurrency", stack.output("WebhookFunction"));
        let reserved = json!({ "ReservedConcurrentExecutions": reserved });
        stack.ministack.client().put("lambda", &path, &reserved).await?;
        Ok(stack)
    }

    /// The same with these parameters besides.
    pub(crate) async fn deploy_with(emulators: &Emulators, name: &str, more: &[String]) -> anyhow::Result<Self> {
        Self::deploy_version(emulators, name, &Version::of_now(emulators)?, None, more).await
    }

    async fn deploy_version(
        emulators: &Emulators,
        name: &str,
        version: &Version,
        concurrency: Option<u32>,
        more: &[String],
    ) -> anyhow::Result<Self> {
        let Ground { proxy, chats, ministack } = Ground::new(emulators, name, concurrency).await?;
        let public_url = address(&ministack, API);
        chats.meet(&public_url);
        let sam = Sam::lay_out(emulators, name, ministack.url(), version)?;
        let parameters = [
            "Architecture=x86_64".to_owned(),
            // ministack knows no archives.
            "EventArchiveDays=0".to_owned(),
            "MailFrom=bot@example.com".to_owned(),
            format!("ApprovalTimeoutSeconds={APPROVAL_TIMEOUT_SECONDS}"),
            format!("PublicUrl={public_url}"),
            format!("StateMachines={}", EXAMPLES.map(|name| format!("{name}={}", machine_arn(name))).join(",")),
        ];
        let parameters = [&parameters[..], more].concat();
        let (outputs, mapping) = put_up(emulators, &ministack, &sam, &parameters).await?;
        let Chats { slack, teams, environment: chats } = chats;
        let http = Http::new();
        let stack = Self { ministack, proxy, slack, teams, chats, parameters, outputs, http, mapping };
        stack.add_secrets().await?;
        stack.push_policy(emulators, version).await?;
        // Whoever presses is to be answered within Slack's three seconds, and on a busy machine the emulator takes longer
        // than that to unpack a function.
        stack.browse("GET", &format!("{public_url}/email/approvals/apr_1"), "").await?;
        Ok(stack)
    }

    /// What the program itself deploys from this folder in an account with nothing in it, without secrets or a policy.
    /// ministack has the API at another address than AWS, of which the stack is told in a deployment more.
    pub(crate) async fn deploy_with_program(
        emulators: &Emulators,
        name: &str,
        folder: &Deployable,
    ) -> anyhow::Result<Self> {
        let Ground { proxy, chats, ministack } = Ground::new(emulators, name, None).await?;
        let mut deploy = vec!["deploy", "--from", folder.path()?, "--stack", NAME, "--yes", "--answers", "none.toml"];
        deploy.extend(["--arch", "x86_64"]);
        for parameter in ["EventArchiveDays=0", "ReferenceWorkflow=true"] {
            deploy.extend(["--parameter", parameter]);
        }
        let deployed = async |arguments: &[&str], outcome: &str| {
            let (report, code) = operator::countersign(emulators.tools(), ministack.url(), &[], arguments).await?;
            ensure!((&report["outcome"], code) == (&json!(outcome), Some(0)), "{report:#}");
            Ok::<BTreeMap<String, String>, anyhow::Error>(serde_json::from_value(report["outputs"].clone())?)
        };
        let outputs = deployed(&deploy, "created").await?;
        let public_url = address(&ministack, outputs.get("HttpApiId").context("the stack names its API")?);
        let elsewhere = format!("PublicUrl={public_url}");
        deploy.extend(["--parameter", &elsewhere]);
        let outputs = deployed(&deploy, "updated").await?;
        chats.meet(&public_url);
        let mapping = serve(emulators, &ministack).await?;
        let Chats { slack, teams, environment: chats } = chats;
        let (http, parameters) = (Http::new(), Vec::new());
        Ok(Self { ministack, proxy, slack, teams, chats, parameters, outputs, http, mapping })
    }

    /// Puts another version in the place of this one, as an upgrade does, or the way back.
    pub(crate) async fn replace_by(
        &mut self,
        emulators: &Emulators,
        name: &str,
        version: &Version,
    ) -> anyhow::Result<()> {
        let sam = Sam::lay_out(emulators, name, self.ministack.url(), version)?;
        self.mapping.end().await;
        (self.outputs, self.mapping) = put_up(emulators, &self.ministack, &sam, &self.parameters).await?;
        Ok(())
    }

    /// Calls the program `countersign` on this deployment: what it printed as JSON, and its exit code.
    pub(crate) async fn countersign(
        &self,
        emulators: &Emulators,
        arguments: &[&str],
    ) -> anyhow::Result<(Value, Option<i32>)> {
        operator::countersign(emulators.tools(), self.ministack.url(), &self.chats, arguments).await
    }

    /// The same, with something to read from standard input.
    pub(crate) async fn countersign_reading(
        &self,
        emulators: &Emulators,
        arguments: &[&str],
        input: &str,
    ) -> anyhow::Result<(Value, Option<i32>)> {
        operator::countersign_reading(emulators.tools(), self.ministack.url(), &self.chats, arguments, input).await
    }

    /// The same without `--json`: what it printed, and how it ended.
    pub(crate) async fn program(&self, emulators: &Emulators, arguments: &[&str]) -> anyhow::Result<Output> {
        operator::run(emulators.tools(), self.ministack.url(), &self.chats, arguments, "").await
    }

    /// As whoever deploys does after the first deployment.
    async fn push_policy(&self, emulators: &Emulators, version: &Version) -> anyhow::Result<()> {
        let file = version.policy.to_str().context("the policy has a path in UTF-8")?;
        let (pushed, _) = self.countersign(emulators, &["policy", "push", file, "--stack", NAME, "--yes"]).await?;
        ensure!(pushed["outcome"] == "pushed", "{pushed:#}");
        Ok(())
    }

    /// An output of the template.
    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("the template has no output {name}"))
    }

    /// Step Functions, as an operator reaches it.
    pub(crate) fn step_functions(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.ministack.sdk_config())
    }

    /// The table of the approvals.
    pub(crate) fn store(&self) -> DynamoDbStore {
        DynamoDbStore::new(&self.ministack.sdk_config(), self.output("TableName").to_owned())
    }

    /// Another machine of the same file and functions, in which the Approval state waits this long.
    pub(crate) async fn machine_with_timeout(&self, name: &str, seconds: u32) -> anyhow::Result<String> {
        self.machine(name, seconds, |_| ()).await
    }

    /// The same, which begins with the Approval state.
    pub(crate) async fn machine_that_only_asks(&self, name: &str, seconds: u32) -> anyhow::Result<String> {
        self.machine(name, seconds, |definition| {
            definition["StartAt"] = json!("Given");
            definition["States"]["Given"] = json!({
                "Type": "Pass",
                "Assign": { "calculation": "{% $states.input %}", "result": 0, "approvalTimeoutSeconds": seconds },
                "Next": "Approval",
            });
        })
        .await
    }

    async fn machine(&self, name: &str, seconds: u32, change: impl FnOnce(&mut Value)) -> anyhow::Result<String> {
        let client = self.step_functions();
        let deployed = client.describe_state_machine().state_machine_arn(self.output("StateMachineArn")).send().await?;
        let mut definition: Value = serde_json::from_str(deployed.definition())?;
        let approval = definition["States"]["Approval"].as_object_mut().context("there is a state Approval")?;
        approval.insert("TimeoutSeconds".to_owned(), json!(seconds)).context("the state has a timeout")?;
        change(&mut definition);
        let number = |seconds: u32| format!("$number('{seconds}')");
        let definition = definition.to_string().replace(&number(APPROVAL_TIMEOUT_SECONDS), &number(seconds));
        let create = client.create_state_machine().name(name).definition(definition);
        Ok(create.role_arn(deployed.role_arn()).send().await?.state_machine_arn)
    }

    /// A machine of somebody's own, in the account of the deployment.
    pub(crate) async fn create_machine(&self, name: &str, definition: &str) -> anyhow::Result<String> {
        let client = self.step_functions();
        let deployed = client.describe_state_machine().state_machine_arn(self.output("StateMachineArn")).send().await?;
        let create = client.create_state_machine().name(name).definition(definition).role_arn(deployed.role_arn());
        let arn = create.send().await?.state_machine_arn;
        anyhow::ensure!(arn == machine_arn(name), "{arn} is another than the webhook was told");
        Ok(arn)
    }

    /// Waits for the mail to this address whose subject holds these words.
    pub(crate) async fn mail_to(&self, address: &str, subject: &str) -> anyhow::Result<Mail> {
        until(&format!("{address} has mail about {subject}"), async || {
            let mails = self.ministack.mails().await?.into_iter();
            Ok(mails.rev().find(|mail| mail.to.contains(address) && mail.subject.contains(subject)))
        })
        .await
    }

    /// Opens a page as a browser would, or submits its form.
    pub(crate) async fn browse(&self, method: &str, url: &str, form: &str) -> anyhow::Result<Response<Bytes>> {
        let request = Request::builder().method(method).uri(url);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.http.send(request.body(Full::from(form.to_owned()))?).await
    }

    /// Opens the page behind a mail's link, chooses there, and submits.
    pub(crate) async fn answer_mail(
        &self,
        link: &str,
        verdict: &str,
        comment: &str,
    ) -> anyhow::Result<Response<Bytes>> {
        let page = self.browse("GET", link, "").await?;
        let form = Markup::read(&String::from_utf8_lossy(page.body())).forms.into_iter().next();
        let form = form.context("the page has a form")?.answered(&[("verdict", verdict), ("comment", comment)]);
        self.browse("POST", link, &serde_urlencoded::to_string(form)?).await
    }

    /// Wakes the reconciler, as its schedule does each minute.
    pub(crate) async fn tick(&self) -> anyhow::Result<()> {
        self.ministack.invoke(self.output("ReconcilerFunction"), &json!({})).await
    }

    async fn add_secrets(&self) -> anyhow::Result<()> {
        let client = aws_sdk_secretsmanager::Client::new(&self.ministack.sdk_config());
        let id = self.output("SecretId");
        let secret = client.get_secret_value().secret_id(id).send().await?;
        let mut values: BTreeMap<String, String> = serde_json::from_str(secret.secret_string().unwrap_or_default())?;
        Chats::add_to(&mut values);
        client.put_secret_value().secret_id(id).secret_string(json!(values).to_string()).send().await?;
        Ok(())
    }
}

/// Deploys what is laid out, and gives its outputs and what takes messages from its queue.
async fn put_up(
    emulators: &Emulators,
    ministack: &Ministack,
    sam: &Sam,
    parameters: &[String],
) -> anyhow::Result<(BTreeMap<String, String>, Mapping)> {
    sam.deploy(NAME, &format!("ms-custom-id={API}"), parameters).await?;
    let mapping = serve(emulators, ministack).await?;
    Ok((sam.outputs(NAME).await?, mapping))
}

/// Does for what is deployed what ministack leaves out, and gives what takes messages from its queue.
async fn serve(emulators: &Emulators, ministack: &Ministack) -> anyhow::Result<Mapping> {
    ministack.run_script(include_str!("grant.py"), [NAME].into_iter().chain(BOT_ROLES)).await?;
    emulators.actions.learn(&ministack.client().get("lambda", "/2015-03-31/functions").await?)?;
    Mapping::replace(ministack.client()).await
}

/// Where the API of this id is on an emulator.
fn address(ministack: &Ministack, api: &str) -> String {
    format!("{}/_aws/execute-api/{api}", ministack.url())
}

/// An account with nothing in it, whose functions will find Slack and Teams.
struct Ground {
    proxy: Proxy,
    chats: Chats,
    ministack: Ministack,
}

impl Ground {
    async fn new(emulators: &Emulators, name: &str, concurrency: Option<u32>) -> anyhow::Result<Self> {
        let proxy = Proxy::start(emulators.actions.clone()).await?;
        let chats = Chats::start().await?;
        let deployment =
            Deployment { aws_url: proxy.url().to_owned(), environment: chats.environment.clone(), concurrency };
        let ministack = emulators.new_ministack_for(name, deployment).await?;
        proxy.lead_to(ministack.url());
        Ok(Self { proxy, chats, ministack })
    }
}
