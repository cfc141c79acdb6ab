//! Why an act in Teams is not possible.

/// Why somebody could not do what they wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such channel or chat.
    #[error("the conversation is not there")]
    NoConversation,
    /// The message is gone.
    #[error("the message is not there any more")]
    NoMessage,
    /// The card that this person sees has no such button.
    #[error("the card has no button `{0}` any more")]
    NoButton(String),
    /// An older client shows nothing in the place of this button.
    #[error("the button `{0}` has no Action.Submit to fall back to")]
    NoFallback(String),
    /// No input of this id goes along with the button.
    #[error("the card has no input `{0}` for this button")]
    NoInput(String),
    /// The client asks for this input before it sends anything.
    #[error("the input `{0}` is needed")]
    InputNeeded(String),
    /// The client takes no longer text.
    #[error("the input `{0}` takes less text")]
    InputTooLong(String),
    /// The client lets nobody leave such a thing in this input.
    #[error("the input `{0}` takes something else")]
    InputRefused(String),
    /// The bot did not answer within ten seconds.
    #[error("the bot did not answer within ten seconds")]
    NoAnswer,
}
