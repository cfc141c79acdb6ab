//! The documents call the tasks as they can be called, and say by which files they are called so.

use clap::CommandFactory;
use countersign_documents::{Program, count, documents, problems};

use crate::Task;

#[test]
fn every_task_in_the_documents_is_one_that_there_is() {
    let documents = documents().unwrap();
    assert!(count(&documents, Program::Xtask) > 4, "the documents call the tasks");
    assert_eq!(problems(&documents, Program::Xtask, &Task::command()), Vec::<String>::new());
}
