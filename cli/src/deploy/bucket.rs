//! The bucket of the zips, and what goes into it.

use countersign_bot::aws::s3::address;

use super::cloud::Cloud;
use super::deployable::Deployable;
use crate::person::Person;

/// What the names in the bucket begin with.
pub(super) const PREFIX: &str = "countersign/";

/// Where the zips are, and the template.
pub(super) struct Uploaded {
    pub(super) bucket: String,
    pub(super) template_url: String,
}

/// The name of the bucket that is made where none is named: of this account, in this region.
pub(super) fn name(account: &str, region: &str) -> String {
    format!("countersign-code-{account}-{region}")
}

/// Makes the bucket if need be, and puts there what is not there yet. Names say what is in a file, so that nothing that
/// is there is ever replaced, and a version that is still deployed keeps its zips.
pub(super) async fn fill(
    cloud: &Cloud,
    named: Option<&str>,
    deployable: &Deployable,
    processor: &str,
    person: &mut impl Person,
) -> anyhow::Result<Uploaded> {
    let bucket = match named {
        Some(bucket) => bucket.to_owned(),
        None => {
            let bucket = name(&cloud.account, &cloud.region);
            if cloud.s3.ensure_bucket(&bucket).await? {
                person.told(&format!("Made the bucket {bucket} for the zips: encrypted, and closed to the public."))?;
            }
            bucket
        }
    };
    let zips = deployable.zips(processor)?;
    for (number, name) in (1..).zip(&zips) {
        let key = format!("{PREFIX}{name}");
        let zip = deployable.zip(name)?;
        if !cloud.s3.has(&bucket, &key).await? {
            person.told(&format!("Uploading {name} ({number} of {})", zips.len()))?;
            cloud.s3.put(&bucket, &key, zip.content).await?;
        }
    }
    let template = deployable.template_upload();
    let key = format!("{PREFIX}{}", template.name);
    if !cloud.s3.has(&bucket, &key).await? {
        cloud.s3.put(&bucket, &key, template.content).await?;
    }
    let template_url = format!("{}/{bucket}/{key}", address(&cloud.region));
    Ok(Uploaded { bucket, template_url })
}
