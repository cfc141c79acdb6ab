//! A source file of the bot, as far as the rules look at it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// One file, without what is compiled for tests alone.
#[derive(Default)]
pub(super) struct Source {
    /// The path below `bot/src`, with `/` between its parts.
    pub(super) path: String,
    /// The path of its module, from the root of the crate.
    pub(super) module: Vec<String>,
    /// The modules it declares, in the groups that blank lines make of them.
    pub(super) groups: Vec<Vec<String>>,
    /// The modules it declares for tests alone.
    test_modules: Vec<String>,
    /// What it names of this crate, each as a path from the root.
    pub(super) names: BTreeSet<Vec<String>>,
    /// What it names of other crates, each as a path that begins with the crate.
    pub(super) foreign: BTreeSet<Vec<String>>,
    /// Every identifier.
    pub(super) words: BTreeSet<String>,
    /// Every text.
    pub(super) texts: BTreeSet<String>,
    /// The fields that are assigned, or changed by a method of a collection.
    pub(super) changed: BTreeSet<String>,
    /// Whether anything in it waits.
    pub(super) is_async: bool,
    /// Whether it is no module of the library but a program beside it.
    pub(super) is_program: bool,
}

/// Methods that change the collection that they are called on.
const CHANGING: [&str; 18] = [
    "append",
    "clear",
    "dedup",
    "drain",
    "extend",
    "extract_if",
    "get_mut",
    "get_or_insert",
    "insert",
    "iter_mut",
    "pop",
    "push",
    "remove",
    "replace",
    "retain",
    "swap_remove",
    "take",
    "truncate",
];

impl Source {
    /// Reads a file.
    pub(super) fn read(path: &str, text: &str) -> Self {
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        let is_program = module.first().is_some_and(|room| room == "bin");
        let groups = groups(text);
        let mut source = Self { path: path.to_owned(), module, groups, is_program, ..Self::default() };
        source.visit_file(&syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}")));
        let test_modules = source.test_modules.clone();
        source.groups.iter_mut().for_each(|group| group.retain(|module| !test_modules.contains(module)));
        source.groups.retain(|group| !group.is_empty());
        source
    }

    /// The room that it stands in: the first part of its path.
    pub(super) fn room(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    fn note(&mut self, path: Vec<String>) {
        let begins = path.iter().position(|part| part != "super" && part != "self").unwrap_or(path.len());
        let (up, rest) = path.split_at(begins);
        let supers = up.iter().filter(|part| *part == "super").count();
        match path.first().map(String::as_str) {
            Some("crate") => drop(self.names.insert(path[1..].to_vec())),
            Some("super" | "self") => {
                let base = &self.module[..self.module.len().saturating_sub(supers)];
                self.names.insert([base, rest].concat());
            }
            Some("countersign_bot") if self.is_program => drop(self.names.insert(path[1..].to_vec())),
            _ if path.len() > 1 => drop(self.foreign.insert(path)),
            _ => {}
        }
    }

    fn note_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.note_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) if name.ident == "self" => self.note(before.to_vec()),
            syn::UseTree::Name(name) => self.note(with(&name.ident)),
            syn::UseTree::Rename(rename) if rename.ident == "self" => self.note(before.to_vec()),
            syn::UseTree::Rename(rename) => self.note(with(&rename.ident)),
            syn::UseTree::Glob(_) => self.note(before.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(before, tree)),
        }
    }

    /// What stands in a macro is not parsed, so its words are taken as they come; a path in one goes unseen.
    fn note_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                TokenTree::Ident(ident) => drop(self.words.insert(ident.to_string())),
                TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.texts.insert(text.value());
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }

    fn note_change(&mut self, place: &syn::Expr) {
        match place {
            syn::Expr::Field(field) => {
                if let syn::Member::Named(name) = &field.member {
                    self.changed.insert(name.to_string());
                }
            }
            syn::Expr::Index(index) => self.note_change(&index.expr),
            _ => {}
        }
    }
}

/// The modules that a file declares, group by group.
fn groups(text: &str) -> Vec<Vec<String>> {
    let mut groups = vec![Vec::new()];
    for line in text.lines().map(str::trim) {
        let declared = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod "));
        let is_declaration = |before: &str| before.is_empty() || before.starts_with("pub");
        match declared.filter(|(before, _)| is_declaration(before)) {
            Some((_, name)) => groups.iter_mut().last().into_iter().for_each(|group| group.push(name.to_owned())),
            None if line.starts_with("#[") => {}
            None => groups.push(Vec::new()),
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |list: &syn::MetaList| list.path.is_ident("cfg") && list.tokens.to_string() == "test";
    attributes.iter().any(|attribute| attribute.meta.require_list().is_ok_and(is_test))
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_for_tests(&item.attrs) {
            self.test_modules.push(item.ident.to_string());
            return;
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.note_tree(&[], &item.tree);
            visit::visit_item_use(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.note(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.words.insert(ident.to_string());
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.texts.insert(text.value());
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.note_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {
        // A doc comment is an attribute whose text names whatever it likes.
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        self.is_async |= signature.asyncness.is_some();
        visit::visit_signature(self, signature);
    }

    fn visit_expr_async(&mut self, expression: &'ast syn::ExprAsync) {
        self.is_async = true;
        visit::visit_expr_async(self, expression);
    }

    fn visit_expr_closure(&mut self, closure: &'ast syn::ExprClosure) {
        self.is_async |= closure.asyncness.is_some();
        visit::visit_expr_closure(self, closure);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.note_change(&assign.left);
        visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        use syn::BinOp::{AddAssign, BitAndAssign, BitOrAssign, MulAssign, SubAssign};
        if matches!(binary.op, AddAssign(_) | SubAssign(_) | MulAssign(_) | BitAndAssign(_) | BitOrAssign(_)) {
            self.note_change(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.note_change(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if CHANGING.contains(&call.method.to_string().as_str()) {
            self.note_change(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Every file of the bot, without those that belong to its tests.
pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bot/src");
    let mut sources = Vec::new();
    walk(&root, &root, &mut sources);
    let tests: Vec<Vec<String>> = sources
        .iter()
        .flat_map(|source| {
            source.test_modules.iter().map(|test| [&source.module[..], std::slice::from_ref(test)].concat())
        })
        .collect();
    sources.retain(|source| !tests.iter().any(|test| source.module.starts_with(test)));
    sources
}

fn walk(root: &Path, folder: &Path, into: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let parts = path.strip_prefix(root).unwrap().components();
            let name = parts.map(|part| part.as_os_str().to_str().unwrap()).collect::<Vec<_>>().join("/");
            into.push(Source::read(&name, &fs::read_to_string(&path).unwrap()));
        }
    }
}
