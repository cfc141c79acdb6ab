//! `cargo xtask release`: everything that somebody needs who wants to run Countersign and not to build it.
//!
//! The same sources make the same bytes, wherever and whenever they are built: paths of the machine are written as others
//! for all, zips know no times, and what is listed is sorted. `--twice` builds all of it again in another place, and
//! compares.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::deployable::{Zips, lay_out};
use crate::package::{Arch, Package};
use crate::steps::{head, root, say, step, target};
use crate::tools::{Tool, search_path_with};
use crate::{bills, licences};

/// The C library that the program needs on Linux: that of the distributions of 2018 and later.
const GLIBC: &str = "2.28";

/// What is released, and where it is laid out.
#[derive(Debug, clap::Args)]
pub(crate) struct Release {
    /// The processors to build for, of those that this machine's Rust has; both by default.
    #[arg(long = "arch", value_enum)]
    arches: Vec<Arch>,
    /// A folder of programs that were built elsewhere, such as `macos-arm64/countersign`.
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// The folder of the release.
    #[arg(long, default_value_os_t = target().join("release-folder"))]
    output: PathBuf,
    /// Makes it a second time in another place, and fails unless it is the same.
    #[arg(long)]
    twice: bool,
}

impl Release {
    /// Makes the release.
    pub(crate) fn make(&self) -> anyhow::Result<()> {
        let output = absolute(&self.output)?;
        let sums = self.build(&target().join("release-build"), &output)?;
        if self.twice {
            let again = output.with_extension("again");
            let others = self.build(&target().join("release-build-again"), &again)?;
            let different: Vec<&str> =
                sums.lines().filter(|line| !others.lines().any(|other| other == *line)).collect();
            if sums != others {
                bail!("made twice it is not the same:\n{}", different.join("\n"));
            }
            fs::remove_dir_all(&again)?;
            say("Made twice, it is the same.");
        }
        say(&sums);
        Ok(())
    }

    fn arches(&self) -> Vec<Arch> {
        if self.arches.is_empty() { vec![Arch::Arm64, Arch::X86] } else { self.arches.clone() }
    }

    /// Builds into a folder of its own, lays out, and gives the checksums.
    fn build(&self, build: &Path, output: &Path) -> anyhow::Result<String> {
        clear(output)?;
        let content = output.join(name());
        let arches = self.arches();
        let zips: Vec<PathBuf> = arches.iter().map(|arch| build.join(arch.name())).collect();
        for (arch, folder) in arches.iter().zip(&zips) {
            Package { arch: *arch, output: folder.clone() }.build_reproducibly(build)?;
        }
        let made: Vec<Zips<'_>> = arches.iter().zip(&zips).map(|(arch, folder)| Zips { arch: *arch, folder }).collect();
        lay_out(&made, &content)?;
        for file in ["LICENSE", "CHANGELOG.md", "infra/policy.example.toml", "infra/spoke.yaml"] {
            let name = Path::new(file).file_name().context("a file has a name")?;
            fs::copy(root().join(file), content.join(name))?;
        }
        for (name, path) in files_in(&root().join("infra").join("examples"))? {
            let copy = content.join("examples").join(name);
            fs::create_dir_all(copy.parent().context("a file is in a folder")?)?;
            fs::copy(path, copy)?;
        }
        fs::write(content.join("LICENSES-OF-OTHERS.txt"), licences::of_what_is_released()?)?;
        bills::of_what_is_released(output)?;
        for template in ["template.json", "spoke.yaml"] {
            fs::copy(content.join(template), output.join(template))?;
        }
        for arch in &arches {
            let program = program(*arch, build)?;
            archive(&content, &format!("linux-{}", arch.name()), &program, output)?;
        }
        for (platform, program) in self.programs_from_elsewhere()? {
            archive(&content, &platform, &program, output)?;
        }
        checksums(output)
    }

    /// Each program with the name of its platform.
    fn programs_from_elsewhere(&self) -> anyhow::Result<Vec<(String, PathBuf)>> {
        let Some(folder) = &self.programs else { return Ok(Vec::new()) };
        let mut programs = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let entry = entry?;
            let names = ["countersign", "countersign.exe"].map(|name| entry.path().join(name));
            let program = names.into_iter().find(|path| path.exists());
            let program = program.with_context(|| format!("there is no program in {}", entry.path().display()))?;
            programs.push((entry.file_name().to_string_lossy().into_owned(), program));
        }
        programs.sort();
        Ok(programs)
    }
}

/// What the release is called.
fn name() -> String {
    format!("countersign-{}", env!("CARGO_PKG_VERSION"))
}

/// Flags under which the paths of this machine are in no program.
pub(crate) fn reproducible_flags() -> anyhow::Result<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("nobody knows where cargo lives")?;
    let flags = [(root(), "/countersign"), (home.as_path(), "/cargo")];
    // Cargo splits at this character, so that a path may have spaces.
    Ok(flags.map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display())).join("\x1f"))
}

/// The program for Linux, with its AWS clients.
fn program(arch: Arch, build: &Path) -> anyhow::Result<PathBuf> {
    let tools = Tool::Build.ready()?.join("bin");
    let mut zigbuild = Command::new(tools.join("cargo-zigbuild"));
    zigbuild.args(["zigbuild", "--release", "--locked", "--package", "countersign-cli", "--features", "aws"]);
    zigbuild.arg("--target").arg(format!("{}.{GLIBC}", arch.target())).current_dir(root());
    zigbuild.env("CARGO_TARGET_DIR", build.join("target")).env("PATH", search_path_with(&tools)?);
    zigbuild.env("CARGO_ENCODED_RUSTFLAGS", reproducible_flags()?);
    step(&format!("The program for {}", arch.name()), &mut zigbuild)?;
    Ok(build.join("target").join(arch.target()).join("release").join("countersign"))
}

/// Zips a program with what it deploys, in the order of the names and without times.
fn archive(content: &Path, platform: &str, program: &Path, output: &Path) -> anyhow::Result<()> {
    let path = output.join(format!("{}-{platform}.zip", name()));
    let mut zip = ZipWriter::new(File::create(&path)?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut files: Vec<(String, PathBuf, u32)> =
        files_in(content)?.into_iter().map(|(name, path)| (name, path, 0o644)).collect();
    let executable = program.file_name().context("a program has a name")?.to_string_lossy().into_owned();
    files.push((executable, program.to_owned(), 0o755));
    files.sort();
    for (file, path, mode) in files {
        zip.start_file(format!("{}/{file}", name()), options.unix_permissions(mode))?;
        zip.write_all(&fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?)?;
    }
    zip.finish()?;
    head(&format!("{}", path.display()));
    Ok(())
}

/// Writes `SHA256SUMS` in the form of `sha256sum`, over what is published: the archives, the template, the bills.
fn checksums(output: &Path) -> anyhow::Result<String> {
    let mut sums = String::new();
    for (name, path) in files_in(output)?.into_iter().filter(|(name, _)| !name.contains('/')) {
        let hash = Sha256::digest(fs::read(path)?);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        sums.push_str(&format!("{hash}  {name}\n"));
    }
    fs::write(output.join("SHA256SUMS"), &sums)?;
    Ok(sums)
}

/// All files below a folder by their names from there, sorted.
fn files_in(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            files.extend(files_in(&entry.path())?.into_iter().map(|(below, path)| (format!("{name}/{below}"), path)));
        } else {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

fn clear(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_makes_the_same_archive_and_the_same_sums() {
        let made = ["one", "two"].map(|place| {
            let folder = tempfile::tempdir().unwrap();
            let content = folder.path().join(place);
            fs::create_dir_all(content.join("zips")).unwrap();
            fs::write(content.join("zips").join("webhook.zip"), "zip").unwrap();
            fs::write(content.join("template.json"), "{}").unwrap();
            let program = folder.path().join("countersign");
            fs::write(&program, "the program").unwrap();
            let output = folder.path().join("output");
            clear(&output).unwrap();
            archive(&content, "linux-x86_64", &program, &output).unwrap();
            let mut zip =
                zip::ZipArchive::new(File::open(output.join(format!("{}-linux-x86_64.zip", name()))).unwrap()).unwrap();
            let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
            assert_eq!(
                names,
                ["countersign", "template.json", "zips/webhook.zip"].map(|file| format!("{}/{file}", name()))
            );
            let program = zip.by_name(&format!("{}/countersign", name())).unwrap();
            assert_eq!(program.unix_mode().map(|mode| mode & 0o777), Some(0o755));
            checksums(&output).unwrap()
        });
        assert_eq!(made[0], made[1]);
        assert_eq!(made[0].lines().count(), 1, "{}", made[0]);
    }

    #[test]
    fn no_path_of_this_machine_gets_into_a_program() {
        let flags = reproducible_flags().unwrap();
        assert!(flags.contains(&format!("--remap-path-prefix={}=/countersign", root().display())), "{flags}");
        assert!(flags.split('\x1f').all(|flag| flag.starts_with("--remap-path-prefix=/")), "{flags}");
    }
}
