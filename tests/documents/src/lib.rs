//! The commands of the documents, for the tests of the programs that they call. A block of commands is preceded by a
//! comment that nobody sees, which says by which files it is run, or why no test runs it.

mod document;
mod program;
mod shell;

pub use self::document::{Block, Code, Document, documents, root};
pub use self::program::{Program, count, problems};
pub use self::shell::{Call, calls};
