//! The calls of programs in a text for a shell: as much of its language as tells one word from the next, and one call from
//! the next. What stands in quotation marks is one word, whatever a shell would make of it.

use std::mem;

/// A call of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// How many lines of the text stand above it.
    pub line: usize,
    /// The program and what it is given.
    pub words: Vec<String>,
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    calls: Vec<Call>,
    call: Call,
    word: Option<String>,
    line: usize,
    /// Whether the next word is a file that something goes to or comes from.
    is_redirected: bool,
}

/// The calls in a text.
pub fn calls(text: &str) -> Vec<Call> {
    let mut reader = Reader::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') => reader.line += 1,
                Some(escaped) => reader.word().push(escaped),
                None => {}
            },
            '\'' | '"' => {
                reader.word();
                while let Some(inside) = chars.next().filter(|inside| *inside != c) {
                    let is_escape = inside == '\\' && c == '"';
                    let meant = if is_escape { chars.next().unwrap_or(inside) } else { inside };
                    reader.line += usize::from(meant == '\n');
                    reader.word().push(meant);
                }
            }
            '#' if reader.word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            '\n' => {
                reader.end_call();
                reader.line += 1;
            }
            '|' | '&' | ';' | '(' | ')' => reader.end_call(),
            '<' | '>' => {
                reader.end_word();
                while chars.next_if(|c| matches!(c, '<' | '>' | '&')).is_some() {}
                reader.is_redirected = true;
            }
            c if c.is_whitespace() => reader.end_word(),
            c => reader.word().push(c),
        }
    }
    reader.end_call();
    reader.calls
}

impl Reader {
    fn word(&mut self) -> &mut String {
        self.word.get_or_insert_default()
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if mem::take(&mut self.is_redirected) {
            return;
        }
        if self.call.words.is_empty() {
            self.call.line = self.line;
        }
        // Braces hold calls together and are none.
        if !matches!(word.as_str(), "{" | "}") {
            self.call.words.push(word);
        }
    }

    fn end_call(&mut self) {
        self.end_word();
        self.is_redirected = false;
        let call = mem::take(&mut self.call);
        if !call.words.is_empty() {
            self.calls.push(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_words_are_told_apart_as_a_shell_does() {
        let text = "# a remark\n\
            countersign policy show --stack 'the stack' > policy.toml   # what is in force; or not\n\
            one \\\n  --two=\"$(output Url)/three \\\"four\\\"\" && five|six 2>&1\n\
            output() {\n  seven \"a\nb\"\n}\n\
            key=$(eight nine) ; change <<< \"$values\" ten#eleven\n";
        let calls = calls(text);
        let read: Vec<(usize, Vec<&str>)> =
            calls.iter().map(|call| (call.line, call.words.iter().map(String::as_str).collect())).collect();
        let expected = [
            (1, vec!["countersign", "policy", "show", "--stack", "the stack"]),
            (2, vec!["one", "--two=$(output Url)/three \"four\""]),
            (3, vec!["five"]),
            (3, vec!["six", "2"]),
            (4, vec!["output"]),
            (5, vec!["seven", "a\nb"]),
            (8, vec!["key=$"]),
            (8, vec!["eight", "nine"]),
            (8, vec!["change", "ten#eleven"]),
        ];
        assert_eq!(read, expected);
    }
}
