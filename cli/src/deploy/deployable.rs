//! The folder that a deployment is made from: the template as plain CloudFormation, and the zips that it names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde_json::Value;

/// The name of the template.
const TEMPLATE: &str = "template.json";
/// The folder of the zips.
const ZIPS: &str = "zips";
/// Where `cargo xtask package` leaves it in a checkout.
const OF_A_CHECKOUT: &str = "target/lambda/deployable";

/// What is deployed.
#[derive(Debug)]
pub(super) struct Deployable {
    folder: PathBuf,
    /// The text of the template.
    pub(super) template: String,
    document: Value,
}

/// A file for the bucket: its name there, and what is in it.
pub(super) struct Upload {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

impl Deployable {
    /// Finds the folder: the one that is named, or that of this program, or that of a checkout.
    pub(super) fn find(named: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(folder) = named {
            return Self::read(folder);
        }
        let of_program = std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
        let folders = of_program.into_iter().chain([PathBuf::from(OF_A_CHECKOUT)]);
        let found = folders.into_iter().find(|folder| folder.join(TEMPLATE).exists());
        let found = found.context(
            "there is nothing to deploy: call the program in the folder of a release, name one with --from, or run \
             `cargo xtask package` in a checkout",
        )?;
        Self::read(&found)
    }

    fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(TEMPLATE);
        let template = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let document: Value =
            serde_json::from_str(&template).with_context(|| format!("{} is no template", path.display()))?;
        Ok(Self { folder: folder.to_owned(), template, document })
    }

    /// The version that is deployed.
    pub(super) fn version(&self) -> &str {
        self.document["Outputs"]["Version"]["Value"].as_str().unwrap_or("unknown")
    }

    /// The processors that there are zips for.
    pub(super) fn processors(&self) -> Vec<&str> {
        let allowed = self.document["Parameters"]["Architecture"]["AllowedValues"].as_array();
        allowed.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The parameters of the template by name, with what they are when nobody says anything.
    pub(super) fn parameters(&self) -> BTreeMap<&str, Option<String>> {
        let parameters = self.document["Parameters"].as_object().into_iter().flatten();
        let default = |parameter: &Value| match &parameter["Default"] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        parameters.map(|(name, parameter)| (name.as_str(), default(parameter))).collect()
    }

    /// The names of the zips of a processor.
    pub(super) fn zips(&self, processor: &str) -> anyhow::Result<Vec<String>> {
        let folder = self.folder.join(ZIPS);
        let entries = fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.contains(&format!("-{processor}-")) && self.template.contains(&name) {
                names.push(name);
            }
        }
        if names.is_empty() {
            bail!("there is no zip for {processor} in {}", folder.display());
        }
        names.sort();
        Ok(names)
    }

    /// A zip. Its name has the hash of what is in it, so that one that was damaged on the way is found here.
    pub(super) fn zip(&self, name: &str) -> anyhow::Result<Upload> {
        let path = self.folder.join(ZIPS).join(name);
        let content = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let hash = HEXLOWER.encode(digest(&SHA256, &content).as_ref());
        let named = name.strip_suffix(".zip").and_then(|name| name.rsplit('-').next()).unwrap_or_default();
        if named.is_empty() || !hash.starts_with(named) {
            bail!("{} is not what it was when it was made: get the release again", path.display());
        }
        Ok(Upload { name: name.to_owned(), content })
    }

    /// The template, which is too long to be sent by itself.
    pub(super) fn template_upload(&self) -> Upload {
        let content = self.template.clone().into_bytes();
        let hash = HEXLOWER.encode(digest(&SHA256, &content).as_ref());
        Upload { name: format!("template-{}.json", &hash[..32]), content }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a template that names a zip of this content.
    fn folder(content: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let hash = HEXLOWER.encode(digest(&SHA256, content.as_bytes()).as_ref());
        let name = format!("webhook-arm64-{}.zip", &hash[..32]);
        fs::create_dir(folder.path().join(ZIPS)).unwrap();
        fs::write(folder.path().join(ZIPS).join(&name), content).unwrap();
        let template = serde_json::json!({
            "Parameters": {
                "Architecture": { "AllowedValues": ["arm64"], "Default": "arm64" },
                "RecordRetentionDays": { "Default": 90 }, "CodeBucket": {},
            },
            "Resources": { "Webhook": { "Properties": { "Code": { "S3Key": { "Fn::Sub": format!("${{CodePrefix}}{name}") } } } } },
            "Outputs": { "Version": { "Value": "0.1.0" } },
        });
        fs::write(folder.path().join(TEMPLATE), template.to_string()).unwrap();
        (folder, name)
    }

    #[test]
    fn a_folder_is_read_whole() {
        let (folder, name) = folder("zip");
        let deployable = Deployable::find(Some(folder.path())).unwrap();
        assert_eq!((deployable.version(), deployable.processors()), ("0.1.0", vec!["arm64"]));
        let parameters = deployable.parameters();
        assert_eq!((&parameters["RecordRetentionDays"], &parameters["CodeBucket"]), (&Some("90".to_owned()), &None));
        assert_eq!(deployable.zips("arm64").unwrap(), std::slice::from_ref(&name));
        assert_eq!(deployable.zip(&name).unwrap().content, b"zip");
        assert!(deployable.zips("x86_64").is_err());
    }

    #[test]
    fn a_damaged_zip_and_one_that_the_template_does_not_name_go_nowhere() {
        let (folder, name) = folder("zip");
        fs::write(folder.path().join(ZIPS).join("other-arm64-00.zip"), "").unwrap();
        fs::write(folder.path().join(ZIPS).join(&name), "zap").unwrap();
        let deployable = Deployable::find(Some(folder.path())).unwrap();
        assert_eq!(deployable.zips("arm64").unwrap(), std::slice::from_ref(&name));
        let damaged = deployable.zip(&name).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(damaged.contains("is not what it was"), "{damaged}");
    }

    #[test]
    fn where_there_is_nothing_it_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            Deployable::find(Some(folder.path())).unwrap_err().to_string().contains("template.json cannot be read")
        );
    }
}
