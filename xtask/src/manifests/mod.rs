//! `cargo xtask manifests`: the manifests for one deployment.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use url::Url;

use crate::steps::{root, say, target};

/// The address that the manifests in the repository name.
const PLACEHOLDER: &str = "https://countersign.example.com";

/// Which deployment, and where its manifests go.
#[derive(Debug, clap::Args)]
pub(crate) struct Manifests {
    /// The deployment's address: the output `PublicUrl` of the stack.
    #[arg(long, value_parser = public_url)]
    url: String,
    /// The folder that gets the manifests.
    #[arg(long, default_value_os_t = target().join("manifests"))]
    output: PathBuf,
}

impl Manifests {
    /// Writes the manifests and says what to do with them.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let template = root().join("manifests").join("slack").join("manifest.yaml");
        let manifest = filled_in(&template, &self.url)?;
        let file = self.output.join("slack.yaml");
        fs::create_dir_all(&self.output)?;
        fs::write(&file, manifest).with_context(|| format!("{} cannot be written", file.display()))?;
        say(&format!("Slack's manifest for {}: {}", self.url, file.display()));
        say("Next: create an app from this manifest at https://api.slack.com/apps, or paste it into the one you have;");
        say("install it to your workspace, add its signing secret and bot token to the stack's secret, invite the bot");
        say("to the channels of the policy, and run `cargo xtask doctor --stack NAME`.");
        Ok(())
    }
}

fn filled_in(template: &Path, url: &str) -> anyhow::Result<String> {
    let text = fs::read_to_string(template).with_context(|| format!("{} cannot be read", template.display()))?;
    ensure!(text.contains(PLACEHOLDER), "{} does not name {PLACEHOLDER}", template.display());
    Ok(text.replace(PLACEHOLDER, url))
}

/// Slack only calls https. The address is a host alone, because the routes begin at its root.
fn public_url(text: &str) -> anyhow::Result<String> {
    let url = Url::parse(text).context("it is no address")?;
    ensure!(url.scheme() == "https", "it must begin with https://");
    ensure!(url.username().is_empty() && url.password().is_none(), "it must not hold a name or a password");
    ensure!(url.query().is_none() && url.fragment().is_none(), "it must end with the host");
    if url.path() != "/" || text.ends_with('/') {
        bail!("it must end with the host, without a path or a slash");
    }
    Ok(url.origin().ascii_serialization())
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
