//! A trail that is read from copies of its entries, where the table is gone or not to be trusted.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use countersign_bot::approval::audit::{Entry, Head, verify};

use super::Report;
use crate::deployment::Copies;
use crate::ending::Ending;

impl Copies {
    /// Prints the trail, and says whether it is whole.
    pub(crate) fn read(self) -> anyhow::Result<Ending> {
        let report = self.report()?;
        self.format.print(report.text(), &report)?;
        Ok(Ending::well_if(report.ok))
    }

    /// The copies say nothing of entries that come after them, so that the last hash is told: an export has it as well.
    fn report(&self) -> anyhow::Result<Report> {
        let Self { id, folder, format: _ } = self;
        let entries = entries(folder)?;
        let end = entries.last().map_or_else(|| Head::genesis(id), Entry::head);
        let broken = twofold(&entries).or_else(|| verify(id, &entries, &end).err().map(|broken| broken.to_string()));
        let count = entries.len();
        let verdict = match &broken {
            Some(broken) => format!("the chain is broken: {broken}"),
            None => format!("chain of {count} entries is whole; the hash of the last one is {}", end.hash),
        };
        Ok(Report { id: id.clone(), ok: broken.is_none(), verdict, count, entries: Some(entries) })
    }
}

/// An object is named by its number and its hash, so that two of one number are two contents: what was put in the place
/// of an entry is beside it, and which of them came first the bucket knows.
fn twofold(entries: &[Entry]) -> Option<String> {
    let twice = entries.windows(2).find(|two| two[0].sequence == two[1].sequence)?;
    let [one, other] = [&twice[0], &twice[1]].map(|entry| entry.hash.short());
    let number = twice[0].sequence;
    Some(format!("there are two objects of entry {number}, {one}… and {other}…: somebody has put another in its place"))
}

/// The entries in the files of a folder, in the order of their names.
fn entries(folder: &PathBuf) -> anyhow::Result<Vec<Entry>> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let files = fs::read_dir(folder).with_context(unreadable)?;
    let mut files: Vec<PathBuf> = files.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    if files.is_empty() {
        bail!("{} has no copies of entries", folder.display());
    }
    let entry = |file: &PathBuf| {
        let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let entry = serde_json::from_str(&text);
        entry.with_context(|| format!("{} is no entry that this version knows", file.display()))
    };
    files.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use countersign_bot::approval::audit::What;
    use countersign_bot::approval::record::Approval;

    use super::super::tests::asked;
    use super::*;
    use crate::output::Format;

    fn approval() -> Approval {
        let mut approval = asked("token-1", "1 + 1", "2026-11-23T10:00:00Z");
        let at = approval.request.deadline;
        approval.log(What::Broadcast { events: Vec::new() }, at);
        approval.log(What::ExecutionEnded { status: "SUCCEEDED".to_owned() }, at);
        approval
    }

    fn report(approval: &Approval, files: &[(&str, String)]) -> anyhow::Result<Report> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Copies { id: approval.id.clone(), folder: folder.path().to_owned(), format: Format::default() }.report()
    }

    #[test]
    fn copies_are_a_trail_as_long_as_none_is_missing_or_changed() {
        let approval = approval();
        let copies: Vec<String> = approval.journal.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let [first, second, third] = &copies[..] else { panic!("{copies:?}") };
        let file = |name: &'static str, text: &str| (name, text.to_owned());
        let all = [file("000003-ab.json", third), file("000001-ab.json", first), file("000002-ab.json", second)];
        let whole = report(&approval, &all).unwrap();
        let hash = approval.audit.hash;
        assert_eq!(whole.verdict, format!("chain of 3 entries is whole; the hash of the last one is {hash}"));
        assert!(whole.ok && whole.text().contains("asked for \"1 + 1\""), "{}", whole.text());
        let missing = report(&approval, &[all[0].clone(), all[1].clone()]).unwrap();
        assert_eq!(missing.verdict, "the chain is broken: entry 2 is missing");
        let again = file("000003-cd.json", &third.replace("SUCCEEDED", "FAILED"));
        let twofold = report(&approval, &[all[0].clone(), all[1].clone(), all[2].clone(), again]).unwrap();
        assert!(!twofold.ok && twofold.verdict.contains("there are two objects of entry 3, "), "{}", twofold.verdict);
        let changed = report(&approval, &[file("000001-ab.json", &first.replace("1 + 1", "2 + 2"))]).unwrap();
        assert!(!changed.ok && changed.verdict.contains("entry 1 was changed"), "{}", changed.verdict);
        let error = report(&approval, &[file("000001-ab.json", "{}")]).unwrap_err();
        assert!(error.to_string().ends_with("000001-ab.json is no entry that this version knows"), "{error}");
        assert!(report(&approval, &[]).unwrap_err().to_string().ends_with("has no copies of entries"));
    }
}
