//! `cargo xtask manifests`: the manifests for one deployment.

mod teams;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use url::Url;

use self::teams::Guid;
use crate::steps::{root, say, target};

/// The address that the manifests in the repository name.
const PLACEHOLDER: &str = "https://countersign.example.com";

/// Which deployment, and where its manifests go.
#[derive(Debug, clap::Args)]
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
    #[arg(long, default_value_os_t = target().join("manifests"))]
    output: PathBuf,
}

impl Manifests {
    /// Writes the manifests and says what to do with them.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.output)?;
        self.write_slack()?;
        match &self.teams_app_id {
            Some(app_id) => self.write_teams(app_id),
            None => Ok(()),
        }
    }

    fn write_slack(&self) -> anyhow::Result<()> {
        let template = root().join("manifests").join("slack").join("manifest.yaml");
        let manifest = filled_in(&template, &[(PLACEHOLDER, &self.url)])?;
        let file = self.output.join("slack.yaml");
        fs::write(&file, manifest).with_context(|| format!("{} cannot be written", file.display()))?;
        say(&format!("Slack's manifest for {}: {}", self.url, file.display()));
        say("Next: create an app from this manifest at https://api.slack.com/apps, or paste it into the one you have;");
        say("install it to your workspace, add its signing secret and bot token to the stack's secret, invite the bot");
        say("to the channels of the policy, and run `cargo xtask doctor --stack NAME`.");
        Ok(())
    }

    fn write_teams(&self, app_id: &Guid) -> anyhow::Result<()> {
        let website = self.teams_website.as_ref().map_or(self.url.as_str(), Url::as_str);
        let file = self.output.join("teams.zip");
        teams::write(&file, &self.url, app_id, website)?;
        say(&format!("The Teams app for {}: {}", self.url, file.display()));
        say(
            "Next: upload it in the Teams admin center or in Teams under Apps, add it to the team or chat of the policy,",
        );
        say("and run `cargo xtask doctor --stack NAME`. docs/teams.md has every step, those before this one included.");
        Ok(())
    }
}

/// The text of a template, with each of these in the place of what stands for it.
fn filled_in(template: &Path, values: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut text = fs::read_to_string(template).with_context(|| format!("{} cannot be read", template.display()))?;
    for (placeholder, value) in values {
        ensure!(text.contains(placeholder), "{} does not name {placeholder}", template.display());
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

fn https(text: &str) -> anyhow::Result<Url> {
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
