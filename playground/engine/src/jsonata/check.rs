//! What is known of an expression before it runs: AWS refuses, when a machine is created, whatever reads a value that
//! is not there.

use std::collections::{BTreeSet, HashSet};

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use super::{Offers, functions};

/// The functions of JSONata 2.0.6 that Step Functions has: all but `$eval`.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
const FUNCTIONS: &str = "\
    abs append assert average base64decode base64encode boolean ceil contains count decodeUrl decodeUrlComponent \
    distinct each encodeUrl encodeUrlComponent error exists filter floor formatBase formatInteger formatNumber \
    fromMillis join keys length lookup lowercase map match max merge millis min not now number pad parseInteger \
    power random reduce replace reverse round shuffle sift single sort split spread sqrt string substring \
    substringAfter substringBefore sum toMillis trim type uppercase zip";

fn is_function(name: &str) -> bool {
    FUNCTIONS.split(' ').any(|function| function == name) || functions::ADDED.contains(&name)
}

/// What an expression reads.
#[derive(Default)]
pub(super) struct Found {
    /// What may be variables of the workflow; those it has not may be functions.
    pub(super) variables: BTreeSet<String>,
    pub(super) calls: BTreeSet<String>,
    pub(super) reads_task_token: bool,
}

/// Refuses what cannot work in a field that offers this.
pub(super) fn check(tree: &AstNode, offers: Offers) -> Result<Found, String> {
    let mut own_names = HashSet::new();
    collect_own_names(tree, &mut own_names);
    let mut checker = Checker { offers, own_names, found: Found::default() };
    checker.walk(tree, false)?;
    Ok(checker.found)
}

struct Checker<'t> {
    offers: Offers,
    /// The variables and parameters that the expression itself makes.
    own_names: HashSet<&'t str>,
    found: Found,
}

impl<'t> Checker<'t> {
    /// `has_context` tells whether there is a value around that names and `$` are looked up in.
    fn walk(&mut self, node: &'t AstNode, has_context: bool) -> Result<(), String> {
        match node {
            AstNode::Name(name) if !has_context => {
                return Err(format!("refers to {name} at the top level, where only $states and variables are"));
            }
            AstNode::Wildcard | AstNode::Descendant if !has_context => {
                return Err("has a wildcard at the top level, where only $states and variables are".to_owned());
            }
            AstNode::Variable(name) if name.is_empty() && !has_context => {
                return Err("refers to $ at the top level, where only $states and variables are".to_owned());
            }
            AstNode::ParentVariable(_) => return Err("refers to $$, which Step Functions has not".to_owned()),
            AstNode::Variable(name) => self.variable(name)?,
            AstNode::Function { name, is_builtin, .. } => self.call(name, *is_builtin)?,
            AstNode::Binary { op: BinaryOp::Coalesce, .. } => return Err(newer("??")),
            AstNode::Binary { op: BinaryOp::Default, .. } => return Err(newer("?:")),
            AstNode::Path { steps } if begins_at_states(node) => self.states(steps)?,
            _ => {}
        }
        // The root of a path into `$states` is judged with the path.
        for (child, gives_context) in children(node).into_iter().skip(usize::from(begins_at_states(node))) {
            self.walk(child, has_context || gives_context)?;
        }
        Ok(())
    }

    fn variable(&mut self, name: &str) -> Result<(), String> {
        if name == "eval" {
            return Err(no_eval());
        }
        self.found.reads_task_token |= name == "states";
        // One that the expression makes too may be read where it is not made yet.
        if !name.is_empty() && name != "states" {
            self.found.variables.insert(name.to_owned());
        }
        Ok(())
    }

    fn call(&mut self, name: &str, has_dollar: bool) -> Result<(), String> {
        match name {
            _ if !has_dollar => return Err(format!("calls {name} without a $ before it")),
            _ if self.own_names.contains(name) => {}
            "eval" => return Err(no_eval()),
            _ if is_function(name) => drop(self.found.calls.insert(name.to_owned())),
            _ => return Err(format!("calls ${name}, which is no function of Step Functions")),
        }
        Ok(())
    }

    /// A path into `$states`.
    fn states(&mut self, steps: &[PathStep]) -> Result<(), String> {
        let names: Vec<_> = steps.iter().skip(1).map(name_of).collect();
        if let Some(Some(first)) = names.first() {
            let is_offered = match *first {
                "input" | "context" => true,
                "result" => self.offers == Offers::Result,
                "errorOutput" => self.offers == Offers::ErrorOutput,
                _ => false,
            };
            if !is_offered {
                return Err(format!("reads $states.{first}, which is not there in this field"));
            }
        }
        // A step that is no name may lead anywhere.
        let mut steps = names.iter().zip(["context", "Task", "Token"]);
        self.found.reads_task_token |= steps.all(|(name, expected)| name.is_none_or(|name| name == expected));
        Ok(())
    }
}

fn begins_at_states(node: &AstNode) -> bool {
    let AstNode::Path { steps } = node else {
        return false;
    };
    steps.first().is_some_and(|step| matches!(&step.node, AstNode::Variable(root) if root == "states"))
}

fn name_of(step: &PathStep) -> Option<&str> {
    match &step.node {
        AstNode::Name(name) => Some(name),
        _ => None,
    }
}

fn newer(operator: &str) -> String {
    format!("uses {operator}, which JSONata has since 2.1 and Step Functions, with 2.0.6, has not")
}

fn no_eval() -> String {
    "uses $eval, which Step Functions has not: $parse reads JSON".to_owned()
}

fn collect_own_names<'t>(node: &'t AstNode, names: &mut HashSet<&'t str>) {
    match node {
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = &**lhs {
                names.insert(name);
            }
        }
        AstNode::Lambda { params, .. } => names.extend(params.iter().map(String::as_str)),
        AstNode::Path { steps } => {
            for step in steps {
                names.extend(step.focus.as_deref());
                names.extend(step.index_var.as_deref());
                names.extend(step.stages.iter().filter_map(|stage| match stage {
                    Stage::Index(name) => Some(name.as_str()),
                    Stage::Filter(_) | Stage::KeepArray => None,
                }));
            }
        }
        _ => {}
    }
    for (child, _) in children(node) {
        collect_own_names(child, names);
    }
}

/// The parts of an expression, each with whether it is evaluated for a value that another part gave.
fn children(node: &AstNode) -> Vec<(&AstNode, bool)> {
    let outside = |node| (node, false);
    let inside = |node| (node, true);
    match node {
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => Vec::new(),
        AstNode::Path { steps } => {
            steps.iter().enumerate().flat_map(|(place, step)| parts_of_step(place, step)).collect()
        }
        AstNode::Binary { lhs, rhs, .. } => vec![outside(&**lhs), outside(&**rhs)],
        AstNode::Unary { operand: inner, .. }
        | AstNode::Lambda { body: inner, .. }
        | AstNode::FunctionApplication(inner) => vec![outside(&**inner)],
        AstNode::Function { args: items, .. }
        | AstNode::Array(items)
        | AstNode::ArrayGroup(items)
        | AstNode::Block(items) => items.iter().map(outside).collect(),
        AstNode::Call { procedure, args } => std::iter::once(&**procedure).chain(args).map(outside).collect(),
        AstNode::Object(pairs) => pairs.iter().flat_map(|(key, value)| [outside(key), outside(value)]).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            let pattern = pattern.iter().flat_map(|(key, value)| [inside(key), inside(value)]);
            std::iter::once(outside(&**input)).chain(pattern).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [Some(condition), Some(then_branch), else_branch.as_ref()]
                .into_iter()
                .flatten()
                .map(|node| outside(&**node))
                .collect()
        }
        AstNode::Sort { input, terms } => {
            std::iter::once(outside(&**input)).chain(terms.iter().map(|(term, _)| inside(term))).collect()
        }
        AstNode::Transform { location, update, delete } => {
            [Some(location), Some(update), delete.as_ref()].into_iter().flatten().map(|node| inside(&**node)).collect()
        }
    }
}

fn parts_of_step(place: usize, step: &PathStep) -> Vec<(&AstNode, bool)> {
    let filters = step.stages.iter().filter_map(|stage| match stage {
        Stage::Filter(filter) => Some((&**filter, true)),
        Stage::KeepArray | Stage::Index(_) => None,
    });
    std::iter::once((&step.node, place > 0)).chain(filters).collect()
}
