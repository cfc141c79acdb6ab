//! `countersign manifests`: the manifests for one deployment. They come along with the program.

mod teams;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::json;
use url::Url;

use self::teams::Guid;
use crate::ending::Ending;
use crate::examples::examples;
use crate::output::Format;

/// The address that the manifests in the repository name.
const PLACEHOLDER: &str = "https://countersign.example.com";

/// Slack's manifest, for no deployment yet.
pub(crate) const SLACK: &str = include_str!("../../../manifests/slack/manifest.yaml");

/// Makes the Slack app's manifest and the Teams app for a deployment.
#[derive(Debug, clap::Args)]
#[command(after_help = examples!(
    "countersign manifests --url https://bot.example.com",
    "countersign manifests --url https://bot.example.com --teams-app-id 5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a"))]
pub(crate) struct Manifests {
    /// The deployment's address: the output `PublicUrl` of the stack.
    #[arg(long, value_parser = public_url)]
    url: String,
    /// The bot's id in Entra, its application (client) ID: makes the Teams app as well.
    #[arg(long, value_name = "GUID", value_parser = Guid::parse)]
    teams_app_id: Option<Guid>,
    /// A page of yours that the details of the Teams app link to, as its website, privacy statement and terms of use;
    /// without it the deployment's address.
    #[arg(long, value_name = "URL", requires = "teams_app_id", value_parser = https)]
    teams_website: Option<Url>,
    /// The folder that gets the manifests.
    #[arg(long, value_name = "FOLDER", default_value = "countersign-manifests")]
    output: PathBuf,
    #[command(flatten)]
    format: Format,
}

impl Manifests {
    /// Writes the manifests and says what to do with them.
    pub(crate) fn run(&self) -> anyhow::Result<Ending> {
        fs::create_dir_all(&self.output).with_context(|| format!("{} cannot be made", self.output.display()))?;
        let slack = self.write_slack()?;
        let teams = self.teams_app_id.as_ref().map(|app_id| self.write_teams(app_id)).transpose()?;
        let mut text = format!(
            "Slack's manifest for {}: {}\n\
             Next: paste it into the app that you have, at https://api.slack.com/apps, or let `countersign slack --stack NAME`\n\
             make one and store what it has; then run `countersign doctor --stack NAME`.",
            self.url,
            slack.display()
        );
        if let Some(teams) = &teams {
            text.push_str(&format!(
                "\nThe Teams app for {}: {}\n\
                 Next: upload it in the Teams admin center or in Teams under Apps, add it to the team or chat of the policy,\n\
                 and run `countersign doctor --stack NAME`. docs/teams.md has every step, those before this one included.",
                self.url,
                teams.display()
            ));
        }
        self.format.print(text, &json!({ "slack": slack, "teams": teams }))?;
        Ok(Ending::Well)
    }

    fn write_slack(&self) -> anyhow::Result<PathBuf> {
        let file = self.output.join("slack.yaml");
        let manifest = slack_manifest(&self.url)?;
        fs::write(&file, manifest).with_context(|| format!("{} cannot be written", file.display()))?;
        Ok(file)
    }

    fn write_teams(&self, app_id: &Guid) -> anyhow::Result<PathBuf> {
        let website = self.teams_website.as_ref().map_or(self.url.as_str(), Url::as_str);
        write_teams(&self.output, &self.url, app_id, website)
    }
}

/// Slack's manifest for the deployment at this address.
pub(crate) fn slack_manifest(url: &str) -> anyhow::Result<String> {
    filled_in(SLACK, &[(PLACEHOLDER, url)])
}

fn write_teams(folder: &Path, url: &str, app_id: &Guid, website: &str) -> anyhow::Result<PathBuf> {
    let file = folder.join("teams.zip");
    teams::write(&file, url, app_id, website)?;
    Ok(file)
}

/// Writes the Teams app of a deployment into a folder, and says where it is.
#[cfg(feature = "aws")]
pub(crate) fn write_teams_app(
    folder: &Path,
    url: &str,
    app_id: &str,
    website: Option<&str>,
) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    write_teams(folder, url, &Guid::parse(app_id)?, website.unwrap_or(url))
}

/// The text of a template, with each of these in the place of what stands for it.
fn filled_in(template: &str, values: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut text = template.to_owned();
    for (placeholder, value) in values {
        ensure!(text.contains(placeholder), "the manifest does not name {placeholder}");
        text = text.replace(placeholder, value);
    }
    Ok(text)
}

/// Slack and Teams only call https. The address is a host alone, because the routes begin at its root.
fn public_url(text: &str) -> anyhow::Result<String> {
    let url = https(text)?;
    ensure!(url.query().is_none() && url.fragment().is_none(), "it must end with the host");
    if url.path() != "/" || text.ends_with('/') {
        bail!("it must end with the host, without a path or a slash");
    }
    Ok(url.origin().ascii_serialization())
}

/// An address that is called by https alone.
pub(crate) fn https(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).context("it is no address")?;
    ensure!(url.scheme() == "https", "it must begin with https://");
    ensure!(url.username().is_empty() && url.password().is_none(), "it must not hold a name or a password");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_over_https() {
        assert_eq!(public_url("https://Bot.Example.com").unwrap(), "https://bot.example.com");
        assert_eq!(public_url("https://bot.example.com:8443").unwrap(), "https://bot.example.com:8443");
        for wrong in [
            "bot.example.com",
            "http://bot.example.com",
            "https://bot.example.com/",
            "https://bot.example.com/prod",
            "https://bot.example.com//",
            "https://bot.example.com?x=1",
            "https://bot.example.com#x",
            "https://ada:secret@bot.example.com",
            "https://",
            "",
        ] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }
}
