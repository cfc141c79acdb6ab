//! The browser that the tests of Teams look at cards with. It is no package of a language, so it comes from the system.

use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::steps::step;

/// The names that it goes by; Chrome does as well.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Where Chromium is on this machine, if it is there.
pub(crate) fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let programs = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    programs.into_iter().find(|program| program.is_file())
}

/// Sees to it that there is a Chromium. Where the machine is ours to change, as in a build, it is installed.
pub(crate) fn installed() -> anyhow::Result<()> {
    if found().is_none() && is_debian() && is_root() {
        apt_get("Installing Chromium, once: the list of packages", &["update", "--quiet"])?;
        let install = ["install", "--yes", "--quiet", "--no-install-recommends", "chromium"];
        apt_get("Installing Chromium, once: the package", &install)?;
    }
    if found().is_none() {
        bail!(
            "Chromium is needed to look at the cards of Teams: install it with `apt-get install chromium` on Debian, or \
             Chrome from https://www.google.com/chrome"
        );
    }
    Ok(())
}

fn apt_get(name: &str, arguments: &[&str]) -> anyhow::Result<()> {
    step(name, Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
}

/// Its relatives have `apt-get` too, and no such package.
fn is_debian() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=debian")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
