//! What a sensible bot's Adaptive Cards consist of: elements and actions of version 1.5 with their properties,
//! <https://adaptivecards.io/explorer/AdaptiveCard.html>. Everything else is refused here, whether or not some client
//! would show it.

/// What a property may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Text,
    /// The version of a card, which is judged with the card as a whole.
    Version,
    Flag,
    Number,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// `auto`, `stretch`, a weight, or pixels.
    Width,
    /// Pixels, such as `50px`.
    Pixels,
    /// A web address.
    Url,
    /// What goes along with an action.
    Data,
    /// Names of features with versions.
    Requires,
    Elements,
    Columns,
    Inlines,
    Facts,
    /// The lines of a menu.
    Choices,
    /// A day, such as `2026-11-23`.
    Date,
    Actions,
    SelectAction,
    /// An element to show instead, or `drop`.
    OtherElement,
    /// An action to show instead, or `drop`.
    OtherAction,
    Card,
    Refresh,
    /// What Teams alone understands: the width of the card and mentions.
    MsTeams,
}

/// The properties of one type, in layers, and those that must be there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    layers: &'static [Properties],
    pub(super) required: &'static [&'static str],
}

type Properties = &'static [(&'static str, Rule)];

impl Shape {
    /// What a property of this name may hold, if there is one.
    pub(super) fn rule(&self, name: &str) -> Option<Rule> {
        let mut properties = self.layers.iter().copied().flatten();
        properties.find(|(known, _)| *known == name).map(|(_, rule)| *rule)
    }
}

const SPACING: Rule = Rule::Choice(&["default", "none", "small", "medium", "large", "extraLarge", "padding"]);
const CONTAINER_STYLE: Rule = Rule::Choice(&["default", "emphasis", "good", "attention", "warning", "accent"]);
const COLOR: Rule = Rule::Choice(&["default", "dark", "light", "accent", "good", "warning", "attention"]);
const FONT: Rule = Rule::Choice(&["default", "monospace"]);
const SIZE: Rule = Rule::Choice(&["default", "small", "medium", "large", "extraLarge"]);
const WEIGHT: Rule = Rule::Choice(&["default", "lighter", "bolder"]);
const HORIZONTAL: Rule = Rule::Choice(&["left", "center", "right"]);
const VERTICAL: Rule = Rule::Choice(&["top", "center", "bottom"]);

const ITEM: Properties = &[("id", Rule::Text), ("isVisible", Rule::Flag), ("requires", Rule::Requires)];

const ELEMENT: Properties = &[
    ("fallback", Rule::OtherElement),
    ("height", Rule::Choice(&["auto", "stretch"])),
    ("separator", Rule::Flag),
    ("spacing", SPACING),
];

const INPUT: Properties =
    &[("errorMessage", Rule::Text), ("isRequired", Rule::Flag), ("label", Rule::Text), ("placeholder", Rule::Text)];

const ACTION: Properties = &[
    ("title", Rule::Text),
    ("iconUrl", Rule::Url),
    ("id", Rule::Text),
    ("style", Rule::Choice(&["default", "positive", "destructive"])),
    ("fallback", Rule::OtherAction),
    ("tooltip", Rule::Text),
    ("isEnabled", Rule::Flag),
    ("mode", Rule::Choice(&["primary", "secondary"])),
    ("requires", Rule::Requires),
];

const BOX: Properties = &[
    ("selectAction", Rule::SelectAction),
    ("style", CONTAINER_STYLE),
    ("bleed", Rule::Flag),
    ("minHeight", Rule::Pixels),
    ("verticalContentAlignment", VERTICAL),
    ("rtl", Rule::Flag),
];

const ASSOCIATED_INPUTS: Rule = Rule::Choice(&["auto", "none"]);

/// A card of its own, or the one that Action.ShowCard opens.
pub(super) const CARD: Shape = Shape {
    layers: &[&[
        ("$schema", Rule::Text),
        ("version", Rule::Version),
        ("body", Rule::Elements),
        ("actions", Rule::Actions),
        ("refresh", Rule::Refresh),
        ("fallbackText", Rule::Text),
        ("speak", Rule::Text),
        ("lang", Rule::Text),
        ("rtl", Rule::Flag),
        ("minHeight", Rule::Pixels),
        ("verticalContentAlignment", VERTICAL),
        ("selectAction", Rule::SelectAction),
        ("msteams", Rule::MsTeams),
    ]],
    required: &[],
};

/// A piece of text in a RichTextBlock, which is shown as it is.
pub(super) const TEXT_RUN: Shape = Shape {
    layers: &[&[
        ("text", Rule::Text),
        ("color", COLOR),
        ("fontType", FONT),
        ("highlight", Rule::Flag),
        ("isSubtle", Rule::Flag),
        ("italic", Rule::Flag),
        ("selectAction", Rule::SelectAction),
        ("size", SIZE),
        ("strikethrough", Rule::Flag),
        ("underline", Rule::Flag),
        ("weight", WEIGHT),
    ]],
    required: &["text"],
};

/// One line of a FactSet.
pub(super) const FACT: Shape =
    Shape { layers: &[&[("title", Rule::Text), ("value", Rule::Text)]], required: &["title", "value"] };

/// One part of a ColumnSet.
pub(super) const COLUMN: Shape = Shape {
    layers: &[
        ITEM,
        BOX,
        &[
            ("items", Rule::Elements),
            ("fallback", Rule::OtherElement),
            ("separator", Rule::Flag),
            ("spacing", SPACING),
            ("width", Rule::Width),
        ],
    ],
    required: &[],
};

const TEXT_BLOCK: Properties = &[
    ("text", Rule::Text),
    ("color", COLOR),
    ("fontType", FONT),
    ("horizontalAlignment", HORIZONTAL),
    ("isSubtle", Rule::Flag),
    ("maxLines", Rule::Number),
    ("size", SIZE),
    ("weight", WEIGHT),
    ("wrap", Rule::Flag),
    ("style", Rule::Choice(&["default", "heading"])),
];

const COLUMN_SET: Properties = &[
    ("columns", Rule::Columns),
    ("selectAction", Rule::SelectAction),
    ("style", CONTAINER_STYLE),
    ("bleed", Rule::Flag),
    ("minHeight", Rule::Pixels),
    ("horizontalAlignment", HORIZONTAL),
];

const INPUT_TEXT: Properties = &[
    ("isMultiline", Rule::Flag),
    ("maxLength", Rule::Number),
    ("regex", Rule::Text),
    ("style", Rule::Choice(&["text", "tel", "url", "email", "password"])),
    ("inlineAction", Rule::SelectAction),
    ("value", Rule::Text),
];

const INPUT_NUMBER: Properties = &[("max", Rule::Number), ("min", Rule::Number), ("value", Rule::Number)];

const INPUT_DATE: Properties = &[("max", Rule::Text), ("min", Rule::Text), ("value", Rule::Date)];

const INPUT_CHOICES: Properties = &[
    ("choices", Rule::Choices),
    ("isMultiSelect", Rule::Flag),
    ("style", Rule::Choice(&["compact", "expanded", "filtered"])),
    ("value", Rule::Text),
    ("wrap", Rule::Flag),
];

const INPUT_TOGGLE: Properties = &[
    ("title", Rule::Text),
    ("value", Rule::Text),
    ("valueOn", Rule::Text),
    ("valueOff", Rule::Text),
    ("wrap", Rule::Flag),
];

/// One line of a menu.
pub(super) const CHOICE: Shape =
    Shape { layers: &[&[("title", Rule::Text), ("value", Rule::Text)]], required: &["title", "value"] };

/// An element of a body, by its type.
pub(super) fn element(kind: &str) -> Option<Shape> {
    let shape = |layers, required| Some(Shape { layers, required });
    match kind {
        "TextBlock" => shape(&[ITEM, ELEMENT, TEXT_BLOCK], &["text"]),
        "RichTextBlock" => {
            shape(&[ITEM, ELEMENT, &[("inlines", Rule::Inlines), ("horizontalAlignment", HORIZONTAL)]], &["inlines"])
        }
        "FactSet" => shape(&[ITEM, ELEMENT, &[("facts", Rule::Facts)]], &["facts"]),
        "ColumnSet" => shape(&[ITEM, ELEMENT, COLUMN_SET], &[]),
        "Container" => shape(&[ITEM, ELEMENT, BOX, &[("items", Rule::Elements)]], &["items"]),
        "ActionSet" => shape(&[ITEM, ELEMENT, &[("actions", Rule::Actions)]], &["actions"]),
        "Input.Text" => shape(&[ITEM, ELEMENT, INPUT, INPUT_TEXT], &["id"]),
        "Input.Number" => shape(&[ITEM, ELEMENT, INPUT, INPUT_NUMBER], &["id"]),
        "Input.Date" => shape(&[ITEM, ELEMENT, INPUT, INPUT_DATE], &["id"]),
        "Input.ChoiceSet" => shape(&[ITEM, ELEMENT, INPUT, INPUT_CHOICES], &["id", "choices"]),
        "Input.Toggle" => shape(&[ITEM, ELEMENT, INPUT, INPUT_TOGGLE], &["id", "title"]),
        _ => None,
    }
}

/// An action, by its type. A button without a title or without what it is for is a mistake, if not for the schema.
pub(super) fn action(kind: &str) -> Option<Shape> {
    let shape = |layers, required| Some(Shape { layers, required });
    match kind {
        "Action.Execute" => shape(
            &[ACTION, &[("verb", Rule::Text), ("data", Rule::Data), ("associatedInputs", ASSOCIATED_INPUTS)]],
            &["verb"],
        ),
        "Action.Submit" => shape(&[ACTION, &[("data", Rule::Data), ("associatedInputs", ASSOCIATED_INPUTS)]], &[]),
        "Action.OpenUrl" => shape(&[ACTION, &[("url", Rule::Url)]], &["url"]),
        "Action.ShowCard" => shape(&[ACTION, &[("card", Rule::Card)]], &["card"]),
        _ => None,
    }
}
