//! What a document has in the type of a machine: blocks, and words within a sentence.

use std::fs;
use std::io;
use std::mem;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Documents outside of `docs/`.
const ABOVE: [&str; 4] = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"];

/// A document of the repository.
#[derive(Debug)]
pub struct Document {
    /// Its path from the root.
    pub name: String,
    /// Its blocks, in their order.
    pub blocks: Vec<Block>,
    /// What stands within sentences.
    pub codes: Vec<Code>,
}

/// A fenced block.
#[derive(Debug, Default)]
pub struct Block {
    /// Where its text begins.
    pub line: usize,
    /// What the fence says that it is.
    pub language: String,
    /// What is in it.
    pub text: String,
    /// The files that run it.
    pub run_by: Vec<String>,
    /// Why no test runs all of it.
    pub reason: Option<String>,
}

/// Words within a sentence.
#[derive(Debug)]
pub struct Code {
    /// Where they stand.
    pub line: usize,
    /// The words.
    pub text: String,
}

impl Block {
    /// Whether it is for a shell.
    pub fn is_shell(&self) -> bool {
        matches!(self.language.as_str(), "sh" | "bash")
    }

    /// Takes what a comment says of the block that follows it. Other comments say nothing.
    fn mark(&mut self, comment: &str) {
        let Some(said) = comment.trim().strip_prefix("<!--").and_then(|said| said.strip_suffix("-->")) else { return };
        if let Some(files) = said.trim().strip_prefix("run by ") {
            self.run_by.extend(files.split(',').map(|file| file.trim().to_owned()));
        } else if let Some(reason) = said.trim().strip_prefix("not run by a test: ") {
            self.reason = Some(reason.trim().to_owned());
        }
    }
}

impl Document {
    /// Reads a document of this name.
    pub fn read(name: &str, text: &str) -> Self {
        let mut document = Self { name: name.to_owned(), blocks: Vec::new(), codes: Vec::new() };
        // What comes next, with what comments have said of it so far.
        let mut next = Block::default();
        let mut comment = String::new();
        let mut is_block = false;
        for (event, range) in Parser::new(text).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::HtmlBlock) => comment.clear(),
                Event::Html(html) => comment.push_str(&html),
                Event::End(TagEnd::HtmlBlock) => next.mark(&comment),
                Event::Start(Tag::CodeBlock(kind)) => {
                    is_block = true;
                    next.line = line + 1;
                    next.language = match kind {
                        CodeBlockKind::Fenced(language) => language.into_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                }
                Event::Text(text) if is_block => next.text.push_str(&text),
                Event::End(TagEnd::CodeBlock) => {
                    is_block = false;
                    document.blocks.push(mem::take(&mut next));
                }
                Event::Code(text) => document.codes.push(Code { line, text: text.into_string() }),
                // A comment is about what stands right after it.
                _ => next = Block::default(),
            }
        }
        document
    }
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// All documents that lead people through something.
pub fn documents() -> io::Result<Vec<Document>> {
    let mut names: Vec<String> = ABOVE.map(str::to_owned).into();
    for entry in fs::read_dir(root().join("docs"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    names.sort();
    names.iter().map(|name| Ok(Document::read(name, &fs::read_to_string(root().join(name))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_about_the_block_right_after_it() {
        let text = "# A `title`\n\n<!-- run by a.rs, b.rs -->\n```sh\none\n```\n\n1. Step:\n\n   <!-- run by c.rs -->\n   \
                    <!-- not run by a test: it asks. -->\n   ```sh\n   two \\\n     three\n   ```\n\n\
                    <!-- run by d.rs -->\n\nWords.\n\n```text\nfour\n```\n\n<!-- runs by e.rs -->\n\n```sh\nfive\n```\n";
        let document = Document::read("page.md", text);
        let blocks = document.blocks.iter().map(|block| {
            let Block { line, language, text, run_by, reason } = block;
            (*line, language.as_str(), text.as_str(), run_by.join(" "), reason.as_deref())
        });
        let expected = [
            (5, "sh", "one\n", "a.rs b.rs".to_owned(), None),
            (13, "sh", "two \\\n  three\n", "c.rs".to_owned(), Some("it asks.")),
            (22, "text", "four\n", String::new(), None),
            (28, "sh", "five\n", String::new(), None),
        ];
        assert_eq!(blocks.collect::<Vec<_>>(), expected);
        let codes: Vec<(usize, &str)> = document.codes.iter().map(|code| (code.line, code.text.as_str())).collect();
        assert_eq!(codes, [(1, "title")]);
    }
}
