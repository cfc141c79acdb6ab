//! The documents call the program as it can be called, and say by which files it is called so.

use clap::CommandFactory;
use countersign_documents::{Document, Program, count, documents, problems};

use crate::Cli;

fn wrong(documents: &[Document]) -> Vec<String> {
    problems(documents, Program::Countersign, &Cli::command())
}

#[test]
fn every_call_in_the_documents_is_one_that_the_program_takes() {
    let documents = documents().unwrap();
    assert!(count(&documents, Program::Countersign) > 20, "the documents call the program");
    assert_eq!(wrong(&documents), Vec::<String>::new());
}

#[test]
fn a_call_that_it_does_not_take_or_that_nothing_runs_is_found() {
    let text = "Say `countersign policy puhs` or `countersign policy push FILE`, or `countersign …`.\n\n\
        <!-- run by cli/tests/cli.rs -->\n\
        ```sh\n\
        countersign manifests --url \"$(output PublicUrl)\" --teams-app APP_ID\n\
        cargo run -- demo 125 122 --via pigeon\n\
        cargo run -- demo 125 122 --via SLACK --decide approve\n\
        countersign audit show apr_…\n\
        ./countersign spoke check ACCOUNT --stack countersign\n\
        ```\n\n\
        <!-- run by cli/src/gone.rs -->\n\
        <!-- not run by a test: it asks a person. -->\n\
        ```sh\n\
        countersign deploy --guided && countersign --version\n\
        countersign audit verify ada --stack countersign\n\
        ```\n";
    let expected = [
        "page.md:5: `countersign manifests --url $(output PublicUrl) --teams-app APP_ID`: \
         error: unexpected argument '--teams-app' found",
        "page.md:6: `cargo run -- demo 125 122 --via pigeon`: \
         error: invalid value 'pigeon' for '--via <VIA>'",
        "page.md:8: `countersign audit show apr_…`: \
         error: the following required arguments were not provided:",
        "page.md:9: `./countersign spoke check ACCOUNT --stack countersign`: \
         no file that is named before the block runs it",
        "page.md:16: `countersign audit verify ada --stack countersign`: \
         error: invalid value 'ada' for '<ID>': an approval id is apr_ and 26 lower-case letters and digits",
        "page.md:15: cli/src/gone.rs runs nothing of it",
        "page.md:1: `countersign policy puhs`: error: unrecognized subcommand 'puhs'",
    ];
    assert_eq!(wrong(&[Document::read("page.md", text)]), expected);
}
