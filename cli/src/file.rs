//! Files that the program keeps for whoever calls it: each is replaced whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Makes a file, and none in the place of another.
pub(crate) fn create(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}

/// Replaces a file, which keeps its rights.
pub(crate) fn replace(file: &Path, text: &str) -> io::Result<()> {
    // Of a link it is what it leads to.
    let file = fs::canonicalize(file)?;
    let folder = file.parent().ok_or(ErrorKind::IsADirectory)?;
    // Nobody could have put a link at the name of the one that takes its place.
    let mut whole = NamedTempFile::new_in(folder)?;
    whole.write_all(text.as_bytes())?;
    whole.as_file().set_permissions(fs::metadata(&file)?.permissions())?;
    whole.persist(&file)?;
    Ok(())
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
