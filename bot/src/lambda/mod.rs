//! What the Lambda binaries share: they start, log, and keep up with changed secrets in the same way.

pub mod archivist;
pub mod live;
pub mod logging;
pub mod messenger;
pub mod metrics;
pub mod notifier;
pub mod policy;
pub mod queue;
pub mod reconciler;
pub mod webhook;

use std::sync::Arc;

use crate::approval::policy::Policy;
use crate::aws::dynamodb::DynamoDbStore;
use crate::aws::eventbridge::EventBridgeBus;
use crate::aws::s3::LockedBucket;
use crate::aws::sdk_config;
use crate::aws::secrets_manager::SecretsManager;
use crate::aws::ses::Ses;
use crate::aws::sqs::{SqsDeliveries, SqsRequests};
use crate::aws::step_functions::AwsStepFunctions;
use crate::aws::step_functions::accounts::{Spokes, StepFunctionsOfAccounts};
use crate::flow::app::{App, Ports};
use crate::platforms::email::mailer::Mailer;
use crate::ports::{Clock, Secrets, SystemClock};
use crate::reader::{Problems, environment};
use crate::startup::Bot;
use crate::startup::config::Config;
use crate::startup::deployed::{Deployed, REQUESTS_URL};

use live::Live;
use policy::LivePolicy;

/// The app of the function that answers requests. It signs links and sends no mail.
pub async fn webhook<T: Clone>(made: impl Fn(Bot) -> T + Send + Sync + 'static) -> Result<Live<T>, Problems> {
    let made = move |bot: Bot| {
        bot.warn_of_what_is_off();
        made(bot)
    };
    start(sdk_config().await, Ok, |_, _| None, made).await
}

/// The app of the function that is asked, and the queue that it is asked through besides. It is told whose executions may
/// ask, and refuses to start without.
pub async fn notifier() -> Result<(Live<App>, SqsRequests), Problems> {
    let aws = sdk_config().await;
    // Without an address nothing can be put off, and `check_asked` says that it is missing.
    let requests = SqsRequests::new(&aws, environment(REQUESTS_URL).unwrap_or_default());
    let live = start(aws, Deployed::check_asked, |_, _| None, |bot| bot.app).await?;
    Ok((live, requests))
}

/// The app of the function that sends messages, the only one that sends mail.
pub async fn messenger() -> Result<Live<App>, Problems> {
    let made = |bot: Bot| {
        bot.warn_of_what_is_off();
        bot.app
    };
    start(sdk_config().await, Ok, mailer, made).await
}

/// The app of the function that repairs.
pub async fn reconciler() -> Result<Live<App>, Problems> {
    start(sdk_config().await, Ok, |_, _| None, |bot| bot.app).await
}

/// The bucket of the function that copies audit trails, which knows nothing else of the bot.
pub async fn archivist() -> Result<LockedBucket, Problems> {
    let problem = |problem: &str| Problems(vec![problem.to_owned()]);
    let name = environment("COUNTERSIGN_TRAIL_ARCHIVE").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| problem("COUNTERSIGN_TRAIL_ARCHIVE is missing: audit trails are copied into it"))?;
    let bucket = LockedBucket::new(&sdk_config().await, &name);
    bucket.ok_or_else(|| problem("there is no region or no login to copy audit trails with"))
}

fn mailer(aws: &aws_config::SdkConfig, config: &Config) -> Option<Mailer> {
    let mail = config.mail.as_ref()?;
    Some(Mailer::new(Ses::new(aws, mail.configuration_set.clone()), mail.from.clone()))
}

/// Reads the environment, the secret and the policy, and makes the clients. All functions are told of the state machines
/// that commands may start, so that a version of the policy is used by all of them or by none.
async fn start<T: Clone>(
    aws: aws_config::SdkConfig,
    check: impl Fn(Deployed) -> Result<Deployed, Problems> + Send + Sync + 'static,
    mailer: impl Fn(&aws_config::SdkConfig, &Config) -> Option<Mailer> + Send + Sync + 'static,
    made: impl Fn(Bot) -> T + Send + Sync + 'static,
) -> Result<Live<T>, Problems> {
    let secrets = Deployed::secret_id(environment).map(|id| {
        let secrets: Arc<dyn Secrets> = Arc::new(SecretsManager::new(&aws, id));
        secrets
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // Without a table nothing can be read, and the configuration below says so with everything else that is missing.
    let policies = DynamoDbStore::new(&aws, environment("COUNTERSIGN_TABLE").unwrap_or_default());
    let state_machines = Config::names_of_state_machines(environment);
    let policy = LivePolicy::new(Arc::new(policies), clock.clone(), state_machines, metrics::print_unusable_policy);
    let spokes = Spokes::new(&aws, clock.clone(), metrics::print_unreachable_account);
    let make = move |secret: Option<&_>, policy: &Arc<Policy>| {
        let deployed = check(Deployed::read(environment, secret)?)?;
        let Config { origins, external_id, .. } = deployed.config.clone();
        let spokes = spokes.telling(external_id);
        let own = AwsStepFunctions::new(&aws);
        let step_functions = StepFunctionsOfAccounts::new(own, origins, policy.accounts.clone(), spokes);
        let step_functions = Arc::new(step_functions);
        let store = DynamoDbStore::new(&aws, deployed.table).keeping(deployed.kept).telling(metrics::print_end);
        let ports = Ports {
            store: Arc::new(store),
            callbacks: step_functions.clone(),
            executions: step_functions,
            bus: Arc::new(EventBridgeBus::new(&aws, deployed.bus)),
            deliveries: Arc::new(SqsDeliveries::new(&aws, deployed.deliveries)),
            clock: Arc::new(SystemClock),
        };
        let mailer = mailer(&aws, &deployed.config);
        let bot = Bot::new(&deployed.config, policy.clone(), ports, mailer);
        bot.map(&made).map_err(|error| Problems(vec![format!("the HTTP client cannot be made: {error}")]))
    };
    Live::start(secrets, policy, clock, make).await
}
