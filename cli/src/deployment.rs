//! What the commands that look at a deployment are told. A build without AWS clients has these commands too, and says
//! which build can carry them out.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use countersign_bot::approval::ids::{ApprovalId, PersonId};
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::examples::examples;
use crate::output::Format;

/// Which deployment, and whose login.
#[derive(Debug, Args)]
pub(crate) struct Deployment {
    /// The name of the stack.
    #[arg(long)]
    pub(crate) stack: String,
    #[command(flatten)]
    pub(crate) login: Login,
}

/// A login at AWS, as the AWS command line has it: environment, profiles, single sign-on, programs that give credentials.
#[derive(Debug, Clone, Args)]
pub(crate) struct Login {
    /// The profile to log in with; without it AWS_PROFILE, or whatever the AWS command line would take.
    #[arg(long)]
    pub(crate) profile: Option<String>,
    /// The region of the stack; without it AWS_REGION, or that of the profile.
    #[arg(long)]
    pub(crate) region: Option<String>,
}

/// Where Slack and Microsoft are asked about the bot's credentials.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Addresses {
    /// The address of Slack's Web API, when it is not Slack's own.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_SLACK_API_URL")]
    pub(crate) slack_api_url: Option<String>,
    /// The address of Microsoft's login, when it is not Microsoft's own.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_TEAMS_LOGIN_URL")]
    pub(crate) teams_login_url: Option<String>,
}

/// Where Teams is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TeamsService {
    /// The address of Teams, when it is not Microsoft's own.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_TEAMS_SERVICE_URL")]
    pub(crate) teams_service_url: Option<String>,
}

/// Looks at a deployment and says what would fail.
///
/// It changes nothing and prints no secret. A message to each Slack channel and person of the policy is scheduled months
/// ahead and deleted at once, because that is how Slack says whether it would take one.
///
/// The exit code is 0 if nothing would fail, 1 if something would, 2 if there is no login or no region.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign doctor --stack countersign",
    "countersign doctor --stack countersign --profile work --region eu-central-1",
    "countersign doctor --stack countersign --self-test --decided-by grace --requested-by ada",
    "countersign doctor --stack countersign --json | jq '.checks[] | select(.verdict == \"fail\")'"))]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    #[command(flatten)]
    pub(crate) addresses: Addresses,
    #[command(flatten)]
    pub(crate) service: TeamsService,
    /// When all is well, ask for an approval on every platform that is on, which you decide yourself.
    ///
    /// It tells how long each step took: until the card is out, until it is decided, until every copy is closed. The rules of
    /// the policy hold as for every request, and nothing is left open.
    #[arg(long)]
    pub(crate) self_test: bool,
    #[command(flatten)]
    pub(crate) choice: Choice,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Whom a self-test asks, in whose name, and under which policy.
#[derive(Debug, Clone, Args)]
pub(crate) struct Choice {
    /// The policy that the self-test asks under; it may be left out where there is one.
    #[arg(long, value_name = "POLICY", requires = "self_test")]
    pub(crate) under: Option<String>,
    /// Who decides it, by any name that the policy has for them: you, or whoever sits beside you.
    #[arg(long, value_name = "PERSON", requires = "self_test")]
    pub(crate) decided_by: Option<String>,
    /// In whose name it is asked, where the policy wants to know: somebody else, unless people may approve their own.
    #[arg(long, value_name = "PERSON", requires = "self_test")]
    pub(crate) requested_by: Option<String>,
    /// How long each of its approvals is waited for, at most 25m.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = wait, requires = "self_test")]
    pub(crate) wait: Duration,
}

/// The state of a self-test waits for longer than this.
const WAIT_MAX: SignedDuration = SignedDuration::from_mins(25);

fn wait(text: &str) -> Result<Duration, String> {
    let wait = text.parse::<SignedDuration>().ok().filter(|wait| wait.is_positive() && *wait <= WAIT_MAX);
    wait.and_then(|wait| Duration::try_from(wait).ok())
        .ok_or_else(|| "a time is needed, such as 90s or 5m, at most 25m".to_owned())
}

/// Reads the audit trail of an approval, or those of a period, and says whether they are whole; or who has let whom stand
/// in for them.
///
/// The exit code is 0 if all are whole, 1 if one is not, 2 if something could not be read.
#[derive(Debug, Args)]
#[command(after_help = examples!(
    "countersign audit show apr_ecr0gwfm9gb8wz4mkqhcem761g --stack countersign",
    "countersign audit verify apr_ecr0gwfm9gb8wz4mkqhcem761g --stack countersign --json",
    "countersign audit export --from 2026-10-01 --to 2026-12-31 --stack countersign --output q4.csv",
    "countersign audit verify-export q4.csv --from 2026-10-01 --to 2026-12-31 --stack countersign",
    "countersign audit delegations ada grace --stack countersign"))]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to print.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Prints a line for each entry, then whether the trail is whole.
    #[command(after_help = examples!(
        "countersign audit show apr_ecr0gwfm9gb8wz4mkqhcem761g --stack countersign"))]
    Show(OfApproval),
    /// Prints only whether the trail is whole.
    #[command(after_help = examples!(
        "countersign audit verify apr_ecr0gwfm9gb8wz4mkqhcem761g --stack countersign"))]
    Verify(OfApproval),
    /// Writes a line for each approval that was asked in a period: what was asked, who decided, how it ended, and the proof.
    #[command(after_help = examples!(
        "countersign audit export --from 2026-10-01 --to 2026-12-31 --stack countersign --output q4.csv",
        "countersign audit export --from 2026-11-01 --to 2026-11-30 --stack countersign --format jsonl | jq .outcome"))]
    Export(Export),
    /// Reads what `export` has written, and holds each line against the trail of its approval as it is now.
    ///
    /// With the period it names each approval that has no line as well.
    #[command(after_help = examples!(
        "countersign audit verify-export q4.csv --from 2026-10-01 --to 2026-12-31 --stack countersign"))]
    VerifyExport(Exported),
    /// Copies the trails of a period into the stack's locked bucket, as far as they are not in it yet.
    ///
    /// New entries get there by themselves. This is for those from before the bucket was there, and for those that an alarm
    /// has told of.
    #[command(after_help = examples!(
        "countersign audit archive --from 2026-10-01 --to 2026-12-31 --stack countersign"))]
    Archive(Archive),
    /// Prints a trail from copies that were taken out of that bucket, and whether it is whole. It asks nobody.
    #[command(after_help = examples!("countersign audit copies apr_ecr0gwfm9gb8wz4mkqhcem761g trail/"))]
    Copies(Copies),
    /// Prints a line for each time that one of these people has said who stands in for them, or that they are back.
    #[command(after_help = examples!("countersign audit delegations ada grace --stack countersign"))]
    Delegations(OfPeople),
}

/// Which period, and what it is written into.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The first day, such as 2026-10-01. Days are those of UTC, and an approval is of the day on which it was asked.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Date,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Date,
    /// How the lines are written.
    #[arg(long, value_enum, default_value_t = SheetFormat::Csv)]
    pub(crate) format: SheetFormat,
    /// The file to write, which must not be there yet; without it the lines go to standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
}

/// How the lines of an export are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SheetFormat {
    /// For spreadsheets: a line of names, then one line each; lists are JSON in their cells.
    Csv,
    /// For programs: one JSON object a line.
    Jsonl,
}

/// Of which period the trails are copied.
#[derive(Debug, Args)]
pub(crate) struct Archive {
    /// The first day, such as 2026-10-01. Days are those of UTC, and an approval is of the day on which it was asked.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Date,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Date,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Of which approval, and where they are.
#[derive(Debug, Args)]
pub(crate) struct Copies {
    /// The id of the approval: apr_ and 26 lower-case letters and digits.
    #[arg(value_parser = ApprovalId::parse)]
    pub(crate) id: ApprovalId,
    /// The folder with its objects, by their names: 000001-….json and so on.
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// What was exported.
#[derive(Debug, Args)]
pub(crate) struct Exported {
    /// The file that `export` has written, in either format.
    pub(crate) file: PathBuf,
    /// The first day of its period. With it every approval of the period has to have a line.
    #[arg(long, value_name = "DATE", requires = "to")]
    pub(crate) from: Option<Date>,
    /// The last day.
    #[arg(long, value_name = "DATE", requires = "from")]
    pub(crate) to: Option<Date>,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Whose delegations.
#[derive(Debug, Args)]
pub(crate) struct OfPeople {
    /// The people who were away, by their keys in the policy.
    #[arg(required = true, value_name = "PERSON", value_parser = PersonId::parse)]
    pub(crate) people: Vec<PersonId>,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Which trail.
#[derive(Debug, Args)]
pub(crate) struct OfApproval {
    /// The id of the approval: apr_ and 26 lower-case letters and digits.
    #[arg(value_parser = ApprovalId::parse)]
    pub(crate) id: ApprovalId,
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// Says which build has what this one lacks.
#[cfg(not(feature = "aws"))]
pub(crate) fn not_in_this_build(command: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "this build has no AWS clients, because they take long to compile. In a checkout use \
         `cargo run --features aws -- {command} …`; a released `countersign` has them."
    )
}
