//! What each rule finds: one line for each place that breaks it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::source::Source;

/// No file is longer than this many lines.
const LINES_MAX: usize = 400;

/// Nothing names a module of a group that its folder lists later.
pub(super) fn floors(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources.iter().filter(|source| !source.is_program && !source.module.is_empty()) {
        for depth in 0..source.module.len() {
            let (folder, here) = (&source.module[..depth], &source.module[depth]);
            let Some(face) = sources.iter().find(|face| face.module == folder && !face.is_program) else { continue };
            let floor = |name: &String| face.groups.iter().position(|group| group.contains(name));
            let Some(own) = floor(here) else {
                broken.push(format!("{} is declared by no module", source.path));
                continue;
            };
            let named = source.names.iter().filter(|name| name.starts_with(folder)).filter_map(|name| name.get(depth));
            let above: BTreeSet<&String> = named.filter(|name| floor(name).is_some_and(|floor| floor > own)).collect();
            let within = if depth == 0 { String::new() } else { format!(" in {}", folder.join("/")) };
            broken.extend(
                above.iter().map(|name| format!("{} names {name}, which stands above {here}{within}", source.path)),
            );
        }
    }
    broken
}

/// No two files name each other, be it over others, but for a module and what is inside it.
pub(super) fn circles(sources: &[Source]) -> Vec<String> {
    let targets: Vec<BTreeSet<usize>> = sources.iter().map(|source| named_files(sources, source)).collect();
    let reached: Vec<BTreeSet<usize>> = (0..sources.len()).map(|from| reachable(&targets, from)).collect();
    let mut broken = Vec::new();
    for one in 0..sources.len() {
        for other in one + 1..sources.len() {
            if reached[one].contains(&other) && reached[other].contains(&one) {
                let mut paths = [&sources[one].path, &sources[other].path];
                paths.sort();
                broken.push(format!("{} and {} name each other in a circle", paths[0], paths[1]));
            }
        }
    }
    broken
}

fn named_files(sources: &[Source], source: &Source) -> BTreeSet<usize> {
    let file_of = |name: &Vec<String>| {
        let prefixes = (1..=name.len()).rev().map(|length| &name[..length]);
        let mut files =
            prefixes.filter_map(|prefix| sources.iter().position(|other| other.module == prefix && !other.is_program));
        files.next()
    };
    let is_family =
        |other: &Source| other.module.starts_with(&source.module) || source.module.starts_with(&other.module);
    let files = source.names.iter().filter_map(file_of);
    files.filter(|index| !is_family(&sources[*index])).collect()
}

fn reachable(targets: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let (mut reached, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(next) = left.pop() {
        left.extend(targets[next].iter().filter(|target| reached.insert(**target)));
    }
    reached
}

/// No file of a platform's folder names the folder of another.
pub(super) fn platforms(sources: &[Source]) -> Vec<String> {
    let folders: Vec<&String> = sources.iter().filter_map(|source| folder_in(source, "platforms")).collect();
    let mut broken = Vec::new();
    for source in sources {
        let Some(own) = folder_in(source, "platforms") else { continue };
        let named = source.names.iter().filter(|name| name.first().is_some_and(|room| room == "platforms"));
        let others: BTreeSet<&String> = named.filter_map(|name| name.get(1)).filter(|name| *name != own).collect();
        let others = others.into_iter().filter(|name| folders.contains(name));
        broken.extend(others.map(|name| format!("{} names the platform {name}", source.path)));
    }
    broken
}

/// The folder inside a room that a file stands in.
fn folder_in<'a>(source: &'a Source, room: &str) -> Option<&'a String> {
    let is_inside = source.room() == room && source.path.matches('/').count() > 1;
    source.module.get(1).filter(|_| is_inside)
}

/// The flows know ports and the core: no platform by name, and no room beside them.
pub(super) fn flow(sources: &[Source]) -> Vec<String> {
    const ROOMS: [&str; 6] = ["messages", "platforms", "aws", "startup", "reader", "calculation"];
    // A mail is a way to deliver that the policy names, so the flows know of it; a chat is like any other.
    let chats: BTreeSet<&String> = sources.iter().filter_map(|source| folder_in(source, "platforms")).collect();
    let chats: Vec<&String> = chats.into_iter().filter(|folder| *folder != "email").collect();
    let mut broken = Vec::new();
    for source in sources.iter().filter(|source| source.room() == "flow") {
        broken.extend(rooms(source, &ROOMS).map(|room| format!("{} names {room}", source.path)));
        let said = source.words.iter().chain(&source.texts);
        let said = said.filter(|word| chats.iter().any(|chat| word.to_lowercase().contains(chat.as_str())));
        broken.extend(said.map(|word| format!("{} says {word}", source.path)));
    }
    broken
}

/// Those of these rooms that a file names.
fn rooms<'a>(source: &'a Source, rooms: &'a [&str]) -> impl Iterator<Item = &'a str> {
    rooms.iter().copied().filter(|room| source.names.iter().any(|name| name.first().is_some_and(|first| first == room)))
}

/// The clients of AWS's SDK stand behind the ports.
pub(super) fn aws_sdk(sources: &[Source]) -> Vec<String> {
    let elsewhere = sources.iter().filter(|source| source.room() != "aws");
    let named = |source: &Source| -> Vec<String> {
        let clients = source.words.iter().filter(|word| word.starts_with("aws_sdk_"));
        clients.map(|word| format!("{} names {word}", source.path)).collect()
    };
    elsewhere.flat_map(named).collect()
}

/// The core is a matter of values.
pub(super) fn core(sources: &[Source]) -> Vec<String> {
    const STD: [&str; 6] = ["env", "fs", "io", "net", "process", "thread"];
    const CRATES: [&str; 8] = ["axum", "futures", "http", "hyper_util", "lambda_runtime", "reqwest", "tokio", "tower"];
    let mut broken = Vec::new();
    for source in sources.iter().filter(|source| source.room() == "approval") {
        let path = &source.path;
        if source.is_async {
            broken.push(format!("{path} waits"));
        }
        let named: BTreeSet<String> = source
            .foreign
            .iter()
            .filter_map(|name| match name.as_slice() {
                [krate, module, ..] if krate == "std" && STD.contains(&module.as_str()) => {
                    Some(format!("std::{module}"))
                }
                [krate, ..] if CRATES.contains(&krate.as_str()) || krate.starts_with("aws_") => Some(krate.clone()),
                _ => None,
            })
            .collect();
        broken.extend(named.into_iter().map(|name| format!("{path} names {name}")));
        if source.foreign.iter().any(|name| name.last().is_some_and(|last| last == "now")) {
            broken.push(format!("{path} reads the clock"));
        }
        broken.extend(rooms(source, &["net", "ports"]).map(|room| format!("{path} names {room}")));
    }
    broken
}

/// The record is changed by the transitions, and put together by the store.
pub(super) fn changes(sources: &[Source]) -> Vec<String> {
    let fields = fields_of_approval();
    let may =
        |source: &&Source| source.path.starts_with("approval/transitions/") || source.path.starts_with("aws/dynamodb/");
    let changed = |source: &Source| -> Vec<String> {
        let changed = source.changed.iter().filter(|field| fields.contains(*field));
        changed.map(|field| format!("{} changes {field} of an approval", source.path)).collect()
    };
    sources.iter().filter(|source| !may(source)).flat_map(changed).collect()
}

fn fields_of_approval() -> BTreeSet<String> {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bot/src/approval/record.rs");
    let file = syn::parse_file(&fs::read_to_string(record).unwrap()).unwrap();
    let structs = file.items.iter().filter_map(|item| match item {
        syn::Item::Struct(item) if item.ident == "Approval" => Some(item),
        _ => None,
    });
    let fields: BTreeSet<String> = structs
        .flat_map(|item| item.fields.iter().filter_map(|field| field.ident.as_ref().map(ToString::to_string)))
        .collect();
    assert!(fields.len() > 10, "the fields of the record are not where they were");
    fields
}

/// Its route is the calculation's own, and its two numbers are the policy's.
pub(super) fn reference_workflow(sources: &[Source]) -> Vec<String> {
    const MAY_NAME_IT: [&str; 4] = ["calculation", "platforms", "startup", ""];
    let mut broken = Vec::new();
    for source in sources {
        if !MAY_NAME_IT.contains(&source.room()) {
            broken.extend(rooms(source, &["calculation"]).map(|room| format!("{} names {room}", source.path)));
        }
        let numbers = source.texts.iter().filter(|text| *text == "x" || *text == "y");
        broken.extend(numbers.map(|text| format!("{} says {text}", source.path)));
    }
    broken
}

/// Every Rust file of the repository, the tests' included.
pub(super) fn lengths(_: &[Source]) -> Vec<String> {
    const PACKAGES: [&str; 6] = ["bot", "cli", "playground", "tests", "workflow-lambdas", "xtask"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut broken = Vec::new();
    for package in PACKAGES {
        too_long(&root.join(package), &mut broken);
    }
    broken
}

fn too_long(folder: &Path, broken: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            too_long(&path, broken);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            broken.extend(too_many_lines(&path, &fs::read_to_string(&path).unwrap()));
        }
    }
}

/// What is wrong with a file of this text, if it is too long.
pub(super) fn too_many_lines(path: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX).then(|| format!("{} has {lines} lines", path.display()))
}
