//! What `countersign deploy` takes, as `cargo xtask package` lays it out, changed to what a case needs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context;
use countersign_tests::harness::Shared;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::emulators::Emulators;
use super::sam::{APPROVAL_TIMEOUT_SECONDS, TIMEOUT};

/// The end of a zip with nothing in it, but for the length of its comment: a function that nobody calls needs no more.
const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A policy without any command, for a stack without any machine.
const POLICY: &str =
    "[people.ada]\nname = \"Ada\"\nemail = \"ada@example.com\"\n[policies.all]\napprovers = [\"ada\"]\n";

/// A folder to deploy from.
pub(crate) struct Deployable {
    folder: PathBuf,
    policy: String,
}

impl Deployable {
    /// With functions that nobody can call, in a version that differs from others in their code alone.
    pub(crate) fn hollow(emulators: &Emulators, name: &str, version: u8) -> anyhow::Result<Self> {
        let (made, folder) = (emulators.tools().deployable()?, folder(emulators, name)?);
        fs::create_dir(folder.join("zips"))?;
        let mut template = fs::read_to_string(made.join("template.json"))?;
        for zip in fs::read_dir(made.join("zips"))? {
            let zip = zip?.file_name().to_string_lossy().into_owned();
            let (function, _) = zip.rsplit_once('-').context("a zip is named by its hash")?;
            // The comment of the archive makes it another.
            let content = [EMPTY_ZIP, &[1, 0, version]].concat();
            let name = format!("{function}-{}.zip", &HEXLOWER.encode(&Sha256::digest(&content))[..32]);
            fs::write(folder.join("zips").join(&name), content)?;
            template = template.replace(&zip, &name);
        }
        fs::write(folder.join("template.json"), template)?;
        let policy = folder.join("policy.toml");
        fs::write(&policy, POLICY)?;
        Ok(Self { folder, policy: policy.to_string_lossy().into_owned() })
    }

    /// As it is made, but for the timeouts: ministack takes no expression there, which AWS documents, so the number is
    /// written in its place. <https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html>
    pub(crate) fn whole(emulators: &Emulators, name: &str) -> anyhow::Result<Self> {
        let (made, folder) = (emulators.tools().deployable()?, folder(emulators, name)?);
        symlink(made.join("zips"), folder.join("zips"))?;
        let escaped = |text: &str| text.replace('"', "\\\"");
        let seconds = escaped(&format!("\"TimeoutSeconds\": {APPROVAL_TIMEOUT_SECONDS}"));
        let template = fs::read_to_string(made.join("template.json"))?.replace(&escaped(TIMEOUT), &seconds);
        fs::write(folder.join("template.json"), template)?;
        Ok(Self { policy: folder.join("policy.toml").to_string_lossy().into_owned(), folder })
    }

    /// The folder.
    pub(crate) fn path(&self) -> anyhow::Result<&str> {
        self.folder.to_str().context("the folder has a name in UTF-8")
    }

    /// The policy that goes with it.
    pub(crate) fn policy(&self) -> &str {
        &self.policy
    }

    /// A file of the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        Path::new(&self.folder).join(name)
    }
}

fn folder(emulators: &Emulators, name: &str) -> anyhow::Result<PathBuf> {
    let folder = emulators.folder().join(format!("{name}-deployable"));
    fs::create_dir(&folder).with_context(|| format!("{} is taken", folder.display()))?;
    Ok(folder)
}
