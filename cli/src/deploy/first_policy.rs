//! A stack without a policy decides nothing, so the first deployment is followed by the first push.

use jiff::Timestamp;
use serde::Serialize;

use super::cloud::Cloud;
use super::run::Order;
use crate::person::Person;
use crate::policy::versions::Versions;

/// How the stack stands with its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Standing {
    /// The file is in force.
    InForce,
    /// Another one is in force: a change of it is a push of its own.
    Another,
    /// None is in force.
    Missing,
}

/// Pushes the policy if none is in force.
pub(super) async fn push(
    cloud: &Cloud,
    order: &Order,
    now: Timestamp,
    person: &mut impl Person,
) -> anyhow::Result<Standing> {
    let versions = Versions::at(cloud.aws.clone(), &order.stack).await?;
    let current = versions.current().await?;
    let Some(text) = &order.policy else {
        return Ok(if current.is_some() { Standing::InForce } else { Standing::Missing });
    };
    if let Some(current) = current {
        return Ok(if current.text == *text { Standing::InForce } else { Standing::Another });
    }
    let confirm = async |what: String| {
        person.told(&what)?;
        person.agrees("Put it in force?")
    };
    let pushed = versions.push(text.clone(), now, confirm).await?;
    person.told(&pushed.text())?;
    Ok(if pushed.is_well() { Standing::InForce } else { Standing::Missing })
}
