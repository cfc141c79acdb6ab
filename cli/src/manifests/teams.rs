//! The app for Microsoft Teams: a zip of the manifest and two icons, ready to upload.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use url::Url;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{PLACEHOLDER, filled_in};

/// What stands for the bot's id in the manifest, and for the app's, which is the same.
const PLACEHOLDER_ID: &str = "00000000-0000-0000-0000-000000000000";
/// What stands for the page that the app's details link to.
const PLACEHOLDER_WEBSITE: &str = "https://www.example.com";

/// The manifest, for no deployment yet.
const MANIFEST: &str = include_str!("../../../manifests/teams/manifest.json");
/// The files that go into the zip as they are. Teams looks for all of its files at the root.
const ICONS: [(&str, &[u8]); 2] = [
    ("color.png", include_bytes!("../../../manifests/teams/color.png")),
    ("outline.png", include_bytes!("../../../manifests/teams/outline.png")),
];

/// An id as Entra writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guid(String);

impl Guid {
    /// Takes eight, four, four, four and twelve hexadecimal digits with hyphens between them.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let groups: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
        let is_hexadecimal = groups.iter().all(|group| group.bytes().all(|digit| digit.is_ascii_hexdigit()));
        ensure!(
            lengths == [8, 4, 4, 4, 12] && is_hexadecimal,
            "it is no GUID such as 5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a: the app registration shows it as Application \
             (client) ID"
        );
        ensure!(text != PLACEHOLDER_ID, "it is the GUID that stands for one");
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// Writes the zip.
///
/// The id of the Teams app is the bot's. Teams tells apps apart by their own id, so the same bot always makes the same
/// app, and a zip that is made again updates the app that is there.
pub(super) fn write(file: &Path, public_url: &str, app_id: &Guid, website: &str) -> anyhow::Result<()> {
    let domain = host(public_url)?;
    let values =
        [(PLACEHOLDER_ID, app_id.0.as_str()), (PLACEHOLDER_WEBSITE, website), (host_of_placeholder(), domain.as_str())];
    let manifest = filled_in(MANIFEST, &values)?;
    let output = File::create(file).with_context(|| format!("{} cannot be written", file.display()))?;
    let mut zip = ZipWriter::new(output);
    // The default time is the first that a zip can name, so the same content makes the same zip.
    let options = SimpleFileOptions::default().unix_permissions(0o644);
    zip.start_file("manifest.json", options)?;
    zip.write_all(manifest.as_bytes())?;
    for (name, image) in ICONS {
        zip.start_file(name, options)?;
        zip.write_all(image)?;
    }
    zip.finish()?;
    Ok(())
}

/// Teams wants a domain: neither scheme nor port.
fn host(url: &str) -> anyhow::Result<String> {
    let url = Url::parse(url).context("it is no address")?;
    Ok(url.host_str().context("it has no host")?.to_owned())
}

fn host_of_placeholder() -> &'static str {
    PLACEHOLDER.strip_prefix("https://").unwrap_or(PLACEHOLDER)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use serde_json::{Value, json};
    use zune_png::PngDecoder;
    use zune_png::zune_core::bit_depth::BitDepth;
    use zune_png::zune_core::bytestream::ZCursor;

    use super::*;

    const APP_ID: &str = "5E0A1C52-0f5e-4d67-9a34-0d9f8e1c2b3a";

    fn unpacked(url: &str, website: &str) -> Vec<(String, Vec<u8>)> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("teams.zip");
        write(&file, url, &Guid::parse(APP_ID).unwrap(), website).unwrap();
        let mut zip = zip::ZipArchive::new(File::open(file).unwrap()).unwrap();
        let unpack = |at| {
            let mut entry = zip.by_index(at).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (entry.name().unwrap().into_owned(), content)
        };
        (0..3).map(unpack).collect()
    }

    fn manifest() -> Value {
        serde_json::from_str(MANIFEST).unwrap()
    }

    /// The pixels, each with as many numbers as it has channels.
    fn pixels<const CHANNELS: usize>((_, icon): (&str, &[u8])) -> ((usize, usize), Vec<[u8; CHANNELS]>) {
        let mut decoder = PngDecoder::new(ZCursor::new(icon));
        let numbers = decoder.decode_raw().unwrap();
        assert_eq!(decoder.depth(), Some(BitDepth::Eight));
        assert_eq!(decoder.colorspace().unwrap().num_components(), CHANNELS);
        (decoder.dimensions().unwrap(), numbers.as_chunks().0.to_vec())
    }

    #[test]
    fn a_guid_is_taken_in_the_form_that_entra_shows() {
        assert_eq!(Guid::parse(APP_ID).unwrap().0, "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a");
        for wrong in [
            "",
            "countersign",
            "5e0a1c520f5e4d679a340d9f8e1c2b3a",
            "{5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a}",
            "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3",
            "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3ab",
            "5e0a1c52-0f5e-4d67-9a340d-9f8e1c2b3a",
            "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3g",
            "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3\u{e9}",
        ] {
            let message = Guid::parse(wrong).unwrap_err().to_string();
            assert!(message.contains("Application (client) ID"), "{wrong}: {message}");
        }
        assert!(Guid::parse(PLACEHOLDER_ID).is_err());
    }

    #[test]
    fn the_zip_is_ready_to_upload() {
        let files = unpacked("https://bot.example.org:8443", "https://intranet.example.org/approvals");
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["manifest.json", "color.png", "outline.png"], "all of them at the root");
        let filled: Value = serde_json::from_slice(&files[0].1).unwrap();
        let id = "5e0a1c52-0f5e-4d67-9a34-0d9f8e1c2b3a";
        assert_eq!((&filled["id"], &filled["bots"][0]["botId"]), (&json!(id), &json!(id)));
        assert_eq!(filled["validDomains"], json!(["bot.example.org"]));
        for link in ["websiteUrl", "privacyUrl", "termsOfUseUrl"] {
            assert_eq!(filled["developer"][link], "https://intranet.example.org/approvals");
        }
        assert!(!filled.to_string().contains("example.com"), "{filled}");
        for ((name, content), (icon, image)) in files[1..].iter().zip(ICONS) {
            assert_eq!((name.as_str(), content.as_slice()), (icon, image));
        }
    }

    #[test]
    fn the_same_deployment_makes_the_same_zip() {
        let folder = tempfile::tempdir().unwrap();
        let made = ["https://a.example", "https://a.example", "https://b.example"].map(|url| {
            let file = folder.path().join("teams.zip");
            write(&file, url, &Guid::parse(APP_ID).unwrap(), url).unwrap();
            fs::read(file).unwrap()
        });
        assert_eq!(made[0], made[1]);
        assert_ne!(made[0], made[2]);
    }

    /// Microsoft's schema says the same, and the linters of `cargo xtask test` ask it; this needs no tools.
    #[test]
    fn the_texts_keep_to_the_limits_of_teams() {
        let manifest = manifest();
        let length = |path: &str| manifest.pointer(path).and_then(Value::as_str).unwrap().chars().count();
        for (path, most) in [
            ("/name/short", 30),
            ("/name/full", 100),
            ("/description/short", 80),
            ("/description/full", 4000),
            ("/developer/name", 32),
        ] {
            assert!((1..=most).contains(&length(path)), "{path}: {}", length(path));
        }
        // Teams wants the short and the full text to differ.
        assert_ne!(manifest["name"]["short"], manifest["name"]["full"]);
        assert_ne!(manifest["description"]["short"], manifest["description"]["full"]);
        assert_eq!(manifest["bots"].as_array().unwrap().len(), 1);
        let scopes = json!(["team", "groupChat", "personal"]);
        let lists = manifest["bots"][0]["commandLists"].as_array().unwrap();
        assert_eq!((&manifest["bots"][0]["scopes"], &lists[0]["scopes"], lists.len()), (&scopes, &scopes, 1));
        // These are the limits of older versions, before they became 12, 128 and 4000: a menu has no room for more.
        let commands = lists[0]["commands"].as_array().unwrap();
        assert!((1..=10).contains(&commands.len()));
        for command in commands {
            let text = |key: &str| command[key].as_str().unwrap().chars().count();
            assert!((1..=32).contains(&text("title")) && (1..=128).contains(&text("description")), "{command}");
        }
    }

    /// From 1.25 on, Teams refuses an app for teams that does not say which kinds of channel it is for.
    #[test]
    fn the_app_may_be_added_to_every_kind_of_channel() {
        assert_eq!(
            (&manifest()["manifestVersion"], &manifest()["supportsChannelFeatures"]),
            (&json!("1.25"), &json!("tier1"))
        );
    }

    #[test]
    fn the_icons_are_what_teams_asks_for() {
        let icons = &manifest()["icons"];
        let [color, outline] = ICONS;
        assert_eq!([&icons["color"], &icons["outline"]], [color.0, outline.0]);
        // Without a channel for it, nothing is transparent.
        let (size, _) = pixels::<3>(color);
        assert_eq!(size, (192, 192));
        let (size, outline) = pixels::<4>(outline);
        assert_eq!(size, (32, 32));
        assert!(
            outline.iter().all(|[red, green, blue, _]| [*red, *green, *blue] == [255; 3]),
            "white and nothing else"
        );
        let clear = outline.iter().filter(|pixel| pixel[3] == 0).count();
        let solid = outline.iter().filter(|pixel| pixel[3] == 255).count();
        assert!(clear > 32 * 32 / 2 && solid > 32, "a white drawing on nothing: {clear} clear, {solid} solid");
    }
}
