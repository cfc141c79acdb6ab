//! The examples of `docs/infrastructure-as-code.md` name what the template has. The tests on emulated AWS run those that
//! can be run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

/// The parameters that the template gets with its zips.
const OF_THE_ZIPS: [&str; 2] = ["CodeBucket", "CodePrefix"];

fn repository(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

/// The names of a section of the template.
fn names(section: &str) -> BTreeSet<String> {
    let template = repository("infra/template.yaml");
    let documents = Yaml::load_from_str(&template).unwrap();
    let section = documents[0].as_mapping_get(section).unwrap().as_mapping().unwrap();
    section.keys().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The examples in this language.
fn examples<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// What stands between two texts, each time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split_once(end).map(|(found, _)| found)).collect()
}

#[test]
fn the_examples_name_parameters_outputs_and_resources_that_are_there() {
    let page = repository("docs/infrastructure-as-code.md");
    let mut parameters = names("Parameters");
    parameters.extend(OF_THE_ZIPS.map(str::to_owned));

    let [terraform] = examples(&page, "hcl")[..] else { panic!("there is one example for Terraform") };
    let [given] = between(terraform, "parameters = {\n", "}")[..] else { panic!("it has parameters") };
    let given: Vec<&str> = given.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim()).collect();
    assert!(given.len() > 2 && given.iter().all(|name| parameters.contains(*name)), "{given:?}");
    let outputs = between(terraform, "outputs[\"", "\"]");
    assert!(!outputs.is_empty() && outputs.iter().all(|name| names("Outputs").contains(*name)), "{outputs:?}");
    let count = |character: char| terraform.chars().filter(|c| *c == character).count();
    assert_eq!((count('{'), count('[')), (count('}'), count(']')));

    let [cdk] = examples(&page, "js")[..] else { panic!("there is one example for the CDK") };
    let [given] = between(cdk, "parameters: {", "}")[..] else { panic!("it has parameters") };
    let given: Vec<&str> = given.split(',').filter_map(|it| it.split_once(':')).map(|(name, _)| name.trim()).collect();
    assert!(given.len() > 2 && given.iter().all(|name| parameters.contains(*name)), "{given:?}");
    let resources = between(cdk, "getResource('", "')");
    assert!(!resources.is_empty() && resources.iter().all(|name| names("Resources").contains(*name)), "{resources:?}");

    let shell = examples(&page, "sh").join("\n");
    let given = between(&shell, "ParameterKey=", ",");
    assert!(given.len() > 1 && given.iter().all(|name| parameters.contains(*name)), "{given:?}");
}
