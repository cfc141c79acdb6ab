//! The link that makes the Slack app, and what its manifest asks for.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::manifests::{SLACK, slack_manifest};

/// Where Slack makes an app, with a manifest that its page shows to whoever opens the link.
const NEW_APP: &str = "https://api.slack.com/apps?new_app=1&manifest_yaml=";
/// What needs no encoding in an address.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link that makes the app of the deployment at this address. Comments stay behind, since an address has to be short.
pub(super) fn link(public_url: &str) -> anyhow::Result<String> {
    let manifest = slack_manifest(public_url)?;
    let lines: Vec<&str> = manifest.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    Ok(format!("{NEW_APP}{}", utf8_percent_encode(&lines.join("\n"), ENCODED)))
}

/// The scopes that the manifest asks for.
pub(super) fn scopes() -> Vec<&'static str> {
    let lines = SLACK.lines().skip_while(|line| line.trim() != "bot:").skip(1);
    let lines = lines.map(str::trim).filter(|line| !line.starts_with('#'));
    lines.map_while(|line| line.strip_prefix("- ")).collect()
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use saphyr::{LoadableYamlNode, Yaml};

    use super::*;

    #[test]
    fn a_link_carries_the_whole_manifest_and_is_short_enough_for_an_address() {
        let link = link("https://bot.example.org").unwrap();
        let encoded = link.strip_prefix(NEW_APP).unwrap();
        assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)), "{encoded}");
        let carried = percent_decode_str(encoded).decode_utf8().unwrap();
        let whole = slack_manifest("https://bot.example.org").unwrap();
        assert_eq!(Yaml::load_from_str(&carried).unwrap(), Yaml::load_from_str(&whole).unwrap());
        assert!(link.len() < 4000, "{}", link.len());
    }

    #[test]
    fn the_scopes_are_those_of_the_manifest() {
        assert_eq!(
            scopes(),
            ["commands", "chat:write", "im:write", "usergroups:read", "users:read", "users:read.email"]
        );
    }
}
