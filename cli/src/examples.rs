//! What ends the help of a command: examples, and how its exit codes are meant.

/// Example calls under a heading like those that clap makes, and what else is to be said after them.
macro_rules! examples {
    ($($example:literal),+ $(,)?) => {
        concat!("\x1b[1m\x1b[4mExamples:\x1b[0m", $("\n  ", $example),+)
    };
    ($remark:literal; $($example:literal),+ $(,)?) => {
        concat!("\x1b[1m\x1b[4mExamples:\x1b[0m", $("\n  ", $example),+, "\n\n", $remark)
    };
}

pub(crate) use examples;
