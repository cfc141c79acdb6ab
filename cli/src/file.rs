//! Files that the program keeps for whoever calls it: each is replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Makes a file, and none in the place of another.
pub(crate) fn create(file: &Path, text: &str) -> io::Result<()> {
    whole(file, text)?.persist_noclobber(file)?;
    Ok(())
}

/// Replaces a file, which keeps its mode.
pub(crate) fn replace(file: &Path, text: &str) -> io::Result<()> {
    let before = fs::metadata(file)?;
    // A pipe or a device is written to and stays what it is.
    if !before.is_file() {
        return File::options().write(true).open(file)?.write_all(text.as_bytes());
    }
    // Of a link it is what it leads to.
    let file = fs::canonicalize(file)?;
    let whole = whole(&file, text)?;
    whole.as_file().set_permissions(before.permissions())?;
    whole.persist(&file)?;
    Ok(())
}

/// What is to be there, beside it under a name that nobody could have put a link at.
fn whole(file: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As any new file, and not for its owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut whole = builder.tempfile_in(folder)?;
    whole.write_all(text.as_bytes())?;
    Ok(whole)
}

/// Writes a file, whether it is there or not.
pub(crate) fn write(file: &Path, text: &str) -> io::Result<()> {
    match create(file, text) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => replace(file, text),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        create(&file, "one, which is longer").unwrap();
        assert_eq!(create(&file, "two").unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&file).unwrap(), "one, which is longer");
        write(&file, "two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_stays_one_and_a_new_file_is_as_any_other() {
        use std::os::unix::fs::MetadataExt;
        write(Path::new("/dev/null"), "text").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let folder = tempfile::tempdir().unwrap();
        let [ours, any] = ["ours", "any"].map(|name| folder.path().join(name));
        create(&ours, "").unwrap();
        fs::write(&any, "").unwrap();
        let [ours, any] = [ours, any].map(|file| fs::metadata(file).unwrap().mode());
        assert_eq!(ours, any);
    }

    /// Whoever has the file open reads the one of before to its end.
    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_rights_and_its_link() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["kept.toml", "policy.toml"].map(|name| folder.path().join(name));
        create(&file, "one").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        let before = fs::metadata(&file).unwrap().ino();
        write(&link, "two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let after = fs::metadata(&file).unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), after.mode() & 0o777), ("two", 0o640));
        assert_ne!(after.ino(), before, "it is another file under the same name");
    }
}
