//! Takes a deployment away, and says what stays.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Remove;
use super::bucket;
use super::cloud::{Cloud, Found, told};
use super::progress::{self, Failure, watch};
use super::standing::Standing;
use crate::aws::Aws;
use crate::ending::Ending;
use crate::output::Format;
use crate::person::{AtTerminal, Person};

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Removal {
    /// It is gone.
    Removed,
    /// There was none.
    Absent,
    /// Another name was typed.
    Declined,
    /// It is still there.
    Failed(Vec<Failure>),
}

/// What outlives the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    name: String,
    kind: String,
    id: String,
}

impl Remove {
    /// Removes it.
    pub(crate) async fn run(self, clock: fn() -> Timestamp) -> anyhow::Result<Ending> {
        let mut person = AtTerminal { agrees: self.confirm.is_some() };
        person.can_be_asked("say the name of the stack once more with --confirm")?;
        let cloud = Cloud::of(Aws::log_in(self.login).await?, clock).await?;
        let (removal, kept) = remove(&cloud, &self.stack, self.confirm.as_deref(), &mut person).await?;
        print(&self.stack, &removal, &kept, self.format)
    }
}

/// Says what stays, has the name typed, and watches.
pub(super) async fn remove(
    cloud: &Cloud,
    stack: &str,
    confirmed: Option<&str>,
    person: &mut impl Person,
) -> anyhow::Result<(Removal, Vec<Kept>)> {
    let Some(found) = cloud.find(stack).await? else { return Ok((Removal::Absent, Vec::new())) };
    // One that waits for review has nothing in it, and no template.
    let kept = if found.standing() == Standing::Empty { Vec::new() } else { kept(cloud, &found).await? };
    if found.status != "DELETE_IN_PROGRESS" {
        person.told(&words(cloud, stack, &kept))?;
        let typed = match confirmed {
            Some(confirmed) => confirmed.to_owned(),
            None => {
                person.answer(&format!("Type the name of the stack to remove it from account {}:", cloud.account))?
            }
        };
        if typed != stack {
            return Ok((Removal::Declined, kept));
        }
        if found.standing() == Standing::Busy {
            person.told(&format!("{stack} is {}: waiting for its end.", found.status))?;
            watch(cloud, &found.id, None, person).await?;
        }
    }
    let token = match found.status.as_str() {
        "DELETE_IN_PROGRESS" => None,
        _ => Some(cloud.delete(&found.id).await?),
    };
    let ended = watch(cloud, &found.id, token.as_deref(), person).await?;
    let removal = if ended.status == "DELETE_COMPLETE" { Removal::Removed } else { Removal::Failed(ended.failures) };
    Ok((removal, kept))
}

/// What the template says stays, with what it is called in the account.
async fn kept(cloud: &Cloud, found: &Found) -> anyhow::Result<Vec<Kept>> {
    let template = cloud.cloudformation.get_template().stack_name(&found.id).send().await;
    let template = template.map_err(|error| told("GetTemplate", error))?.template_body.unwrap_or_default();
    // One that somebody has deployed by other means may be YAML: then it is not known what stays.
    let template: Value = serde_json::from_str(&template).unwrap_or_default();
    let resources = cloud.cloudformation.describe_stack_resources().stack_name(&found.id).send().await;
    let resources = resources.map_err(|error| told("DescribeStackResources", error))?;
    let stays = |name: &str| {
        let policy = template["Resources"][name]["DeletionPolicy"].as_str();
        matches!(policy, Some("Retain" | "RetainExceptOnCreate"))
    };
    let resources = resources.stack_resources().iter().filter_map(|resource| {
        let name = resource.logical_resource_id().filter(|name| stays(name))?;
        Some(Kept {
            name: name.to_owned(),
            kind: resource.resource_type().unwrap_or_default().to_owned(),
            id: resource.physical_resource_id().unwrap_or_default().to_owned(),
        })
    });
    Ok(resources.collect())
}

fn words(cloud: &Cloud, stack: &str, kept: &[Kept]) -> String {
    let mut lines = vec![format!(
        "{stack} in account {} and region {} is removed: its functions, its API, its queues with what is in them, its logs, \
         and its secrets. Whoever waits for an approval gets no answer any more.",
        cloud.account, cloud.region
    )];
    lines.push("What stays:".to_owned());
    lines.extend(kept.iter().map(|Kept { name, kind, id }| format!("  {name}: {id} ({kind})")));
    lines.push(format!("  the zips, in the bucket {} if that was theirs", bucket::name(&cloud.account, &cloud.region)));
    lines.join("\n")
}

fn print(stack: &str, removal: &Removal, kept: &[Kept], format: Format) -> anyhow::Result<Ending> {
    let (outcome, text) = match removal {
        Removal::Removed => ("removed", format!("{stack} is removed.")),
        Removal::Absent => ("absent", format!("There is no stack {stack}.")),
        Removal::Declined => ("declined", "Nothing was removed.".to_owned()),
        Removal::Failed(failures) => {
            ("failed", format!("{stack} is still there. This has failed:\n{}", progress::in_words(failures)))
        }
    };
    let is_well = matches!(removal, Removal::Removed | Removal::Absent);
    let failures = match removal {
        Removal::Failed(failures) => failures.as_slice(),
        _ => &[],
    };
    let kept: Vec<Value> =
        kept.iter().map(|Kept { name, kind, id }| json!({ "resource": name, "kind": kind, "id": id })).collect();
    let json = json!({ "ok": is_well, "outcome": outcome, "stack": stack, "kept": kept, "failures": failures });
    format.print(text, &json)?;
    Ok(Ending::well_if(is_well))
}
