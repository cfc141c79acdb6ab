//! The links of the documents lead somewhere: to a file of this repository, and to a heading where they name one. And the
//! limits in them are those of the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use countersign_bot::approval::{limits, request};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What links can be about in a document.
#[derive(Default)]
struct Document {
    /// Where links and pictures lead.
    links: Vec<String>,
    /// The anchors of the headings, as GitHub makes them.
    anchors: BTreeSet<String>,
}

impl Document {
    fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut heading: Option<String> = None;
        for event in Parser::new(text) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    document.links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let title = heading.take().unwrap_or_default();
                    document.add_anchor(&title);
                }
                _ => {}
            }
        }
        document
    }

    /// Lower case, a hyphen for a space, no punctuation, and a number after one that is there already.
    fn add_anchor(&mut self, title: &str) {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let free = std::iter::once(anchor.clone()).chain(numbered).find(|name| !self.anchors.contains(name));
        self.anchors.extend(free);
    }
}

/// Every document below a folder, by its path from there. What a build makes is not among them.
fn documents(root: &Path) -> BTreeMap<PathBuf, Document> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !matches!(name, ".git" | "target" | "node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let document = Document::read(&fs::read_to_string(&path).unwrap());
                found.insert(path.strip_prefix(root).unwrap().to_owned(), document);
            }
        }
    }
    found
}

/// A path without `..`; none if it leads out of the repository.
fn resolved(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::ParentDir => resolved.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}

/// What is wrong with a link of the document at `path`; nothing if it leads somewhere, or out of the repository to a
/// page of the web.
fn problem(root: &Path, documents: &BTreeMap<PathBuf, Document>, path: &Path, link: &str) -> Option<&'static str> {
    if url::Url::parse(link).is_ok() {
        return None;
    }
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let linked = if file.is_empty() { path.to_owned() } else { path.parent().unwrap().join(file) };
    let Some(linked) = resolved(&linked) else {
        return Some("leads out of the repository");
    };
    if !root.join(&linked).exists() {
        return Some("there is no such file");
    }
    let document = documents.get(&linked);
    anchor.filter(|&anchor| document.is_none_or(|document| !document.anchors.contains(anchor)))?;
    Some("there is no such heading")
}

/// Every link that leads nowhere, with its document and what is wrong.
fn broken(root: &Path) -> Vec<String> {
    let documents = documents(root);
    let links = documents.iter().flat_map(|(path, document)| document.links.iter().map(move |link| (path, link)));
    let wrong = links.filter_map(|(path, link)| {
        let problem = problem(root, &documents, path, link)?;
        Some(format!("{}: {link}: {problem}", path.display()))
    });
    wrong.collect()
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let documents = documents(Path::new(ROOT));
    for known in ["README.md", "docs/operate.md"] {
        assert!(!documents[Path::new(known)].links.is_empty(), "{known} has links");
    }
    assert_eq!(broken(Path::new(ROOT)), Vec::<String>::new());
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let readme = "# Two `words`, and more\n\n## Again\n\n## Again\n\n\
        [a](docs/page.md) [b](docs/page.md#a-heading) [c](#two-words-and-more) [d](#again-1) [e](https://example.com/x#y)\n\
        `[code](nowhere.md)` [f](docs)\n\n\
        [g](gone.md) [h](docs/page.md#gone) [i](#again-2) ![j](docs/gone.png) [k](../out.md) [l]\n\n[l]: docs/lost.md\n";
    fs::write(folder.path().join("README.md"), readme).unwrap();
    fs::create_dir(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("docs/page.md"), "# A heading\n\n[up](../README.md#again)\n[no](README.md)\n")
        .unwrap();
    let expected = [
        "README.md: gone.md: there is no such file",
        "README.md: docs/page.md#gone: there is no such heading",
        "README.md: #again-2: there is no such heading",
        "README.md: docs/gone.png: there is no such file",
        "README.md: ../out.md: leads out of the repository",
        "README.md: docs/lost.md: there is no such file",
        "docs/page.md: README.md: there is no such file",
    ];
    assert_eq!(broken(folder.path()), expected);
}

#[test]
fn the_limits_of_a_request_are_those_of_the_code() {
    let document = fs::read_to_string(Path::new(ROOT).join("docs/your-workflow.md")).unwrap();
    let table = document.lines().skip_while(|line| !line.starts_with("| field of `Payload` |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        format!("{}: {}", cells[1], cells[3])
    });
    let rows: Vec<String> = rows.collect();
    let documented = limits::documented().into_iter().chain(request::documented());
    let expected: Vec<String> = documented.map(|(field, limit)| format!("`{field}`: {limit}")).collect();
    assert_eq!(rows, expected, "fields and limits should be\n{}", expected.join("\n"));
}

/// Each threat is followed by files and the tests in them that hold it.
#[test]
fn every_threat_is_held_by_tests_that_are_there() {
    let document = fs::read_to_string(Path::new(ROOT).join("docs/security.md")).unwrap();
    let (_, threats) = document.split_once("## Threats").unwrap();
    let rows: Vec<&str> = threats.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 10, "there are threats");
    for row in rows {
        let held_by = row.trim_matches('|').rsplit('|').next().unwrap();
        let (mut file, mut tests) = (String::new(), 0);
        for name in held_by.split('`').skip(1).step_by(2) {
            if name.contains('/') {
                file = fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|_| panic!("there is no {name}"));
            } else {
                assert!(file.contains(&format!("fn {name}(")), "{name} is not there: {row}");
                tests += 1;
            }
        }
        assert!(tests > 0, "nothing holds {row}");
    }
}
