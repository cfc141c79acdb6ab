//! What a program finds in a page: the addresses it refers to, and its forms as they stand.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};

/// What is in a page or in a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup {
    /// Every address that a link leads to, or that something is loaded from.
    pub references: Vec<String>,
    /// Every form.
    pub forms: Vec<Form>,
}

/// A form, as it is when nobody has touched it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// `get` or `post`.
    pub method: String,
    /// Where it goes; empty for the address of its page.
    pub action: String,
    /// What it sends as it stands: no choice that is not made, and no button.
    pub fields: Vec<(String, String)>,
    /// The choices that are offered and not made.
    pub choices: Vec<(String, String)>,
    /// What each button that submits it adds, if anything.
    pub buttons: Vec<Option<(String, String)>>,
}

impl Markup {
    /// Reads HTML, forgiving as browsers are.
    pub fn read(html: &str) -> Self {
        let mut emitter = DefaultEmitter::default();
        // Without this, the text of a script or a style would be read as more tags.
        emitter.naively_switch_states(true);
        let mut markup = Self::default();
        let (mut text_area, mut menu) = (None, None);
        for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
            match token {
                Token::StartTag(tag) if tag.name.as_slice() == b"textarea" => {
                    text_area = Some((name(&tag), String::new()));
                }
                Token::StartTag(tag) if tag.name.as_slice() == b"select" => menu = Some((name(&tag), None)),
                Token::StartTag(tag) if tag.name.as_slice() == b"option" => {
                    if let Some((_, chosen)) = &mut menu {
                        let value = attribute(&tag, "value").unwrap_or_default();
                        let is_chosen = attribute(&tag, "selected").is_some();
                        // Until another is selected, it is the first.
                        *chosen = chosen.take().filter(|_| !is_chosen).or(Some(value));
                    }
                }
                Token::EndTag(tag) if tag.name.as_slice() == b"select" => {
                    let field = menu.take().and_then(|(name, chosen)| Some((name?, chosen?)));
                    if let Some(form) = markup.forms.last_mut() {
                        form.fields.extend(field);
                    }
                }
                Token::StartTag(tag) => markup.take(&tag),
                Token::String(text) => {
                    if let Some((_, value)) = &mut text_area {
                        value.push_str(&String::from_utf8_lossy(&text));
                    }
                }
                Token::EndTag(tag) if tag.name.as_slice() == b"textarea" => {
                    let field = text_area.take().and_then(|(name, value)| Some((name?, value)));
                    if let Some(form) = markup.forms.last_mut() {
                        form.fields.extend(field);
                    }
                }
                _ => {}
            }
        }
        markup
    }

    fn take(&mut self, tag: &StartTag<()>) {
        self.references.extend(["href", "src", "background", "poster"].iter().filter_map(|name| attribute(tag, name)));
        let value = || attribute(tag, "value").unwrap_or_default();
        match (tag.name.as_slice(), self.forms.last_mut()) {
            (b"form", _) => self.forms.push(Form {
                method: attribute(tag, "method").unwrap_or_else(|| "get".to_owned()).to_lowercase(),
                action: attribute(tag, "action").unwrap_or_default(),
                ..Form::default()
            }),
            (b"input", Some(form)) => {
                let kind = attribute(tag, "type").unwrap_or_default().to_lowercase();
                let field = name(tag).map(|name| (name, value()));
                match kind.as_str() {
                    "submit" | "image" => form.buttons.push(field),
                    "radio" | "checkbox" if attribute(tag, "checked").is_none() => form.choices.extend(field),
                    _ => form.fields.extend(field),
                }
            }
            (b"button", Some(form)) => form.buttons.push(name(tag).map(|name| (name, value()))),
            _ => {}
        }
    }
}

impl Form {
    /// What it sends when somebody has answered it.
    pub fn answered(&self, answers: &[(&str, &str)]) -> Vec<(String, String)> {
        let untouched = self.fields.iter().filter(|(name, _)| !answers.iter().any(|(answer, _)| answer == name));
        let answers = answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        untouched.cloned().chain(answers).collect()
    }
}

fn name(tag: &StartTag<()>) -> Option<String> {
    attribute(tag, "name").filter(|name| !name.is_empty())
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_sends_what_stands_in_it_and_no_choice_that_nobody_made() {
        let page = "<style>a { content: '<form>' }</style><a href='/a?b=1&amp;c=2'>x</a><img src=/i.png>\
            <form method=POST action='/go'><input type=hidden name=h value=1><input type=radio name=r value=a>\
            <input type=radio name=r value=b checked><input type=submit name=s value=Go>\
            <select name=m><option value=''>-<option value=1 selected>1<option value=2>2</select>\
            <select name=n><option value=x>x<option value=y>y</select>\
            <textarea name=t>one &lt; two</textarea><button>Send</button></form>";
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = Form {
            method: "post".to_owned(),
            action: "/go".to_owned(),
            fields: vec![field("h", "1"), field("r", "b"), field("m", "1"), field("n", "x"), field("t", "one < two")],
            choices: vec![field("r", "a")],
            buttons: vec![Some(field("s", "Go")), None],
        };
        let answered = form.answered(&[("r", "a"), ("t", "")]);
        assert_eq!(answered, [field("h", "1"), field("m", "1"), field("n", "x"), field("r", "a"), field("t", "")]);
        let references = vec!["/a?b=1&c=2".to_owned(), "/i.png".to_owned()];
        assert_eq!(Markup::read(page), Markup { references, forms: vec![form] });
    }
}
