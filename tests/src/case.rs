//! A case: an async function with a name. A test binary with a harness of its own lists them by their modules, since
//! an async function that borrows what the cases share is no `#[test]`.

use std::sync::Arc;

use futures::future::LocalBoxFuture;

/// What a case does, on one thread of its own. It fails by an error or by a panic.
pub type Body<S> = Box<dyn FnOnce(Arc<S>) -> LocalBoxFuture<'static, anyhow::Result<()>> + Send>;

/// One line of the report.
pub struct Case<S> {
    pub(crate) name: String,
    pub(crate) run: Body<S>,
}

impl<S> Case<S> {
    /// A case that is given what all cases of its binary share.
    pub fn new<F>(name: impl Into<String>, run: impl FnOnce(Arc<S>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + 'static,
    {
        Self { name: name.into(), run: Box::new(move |shared| Box::pin(run(shared))) }
    }
}

/// The name of a function of a module, without the binary that both are in.
pub fn name(module: &str, function: &str) -> String {
    match module.split_once("::") {
        Some((_, module)) => format!("{module}::{function}"),
        None => function.to_owned(),
    }
}

/// The cases of a module: `cases![approve, reject]` lists its async functions by their names.
#[macro_export]
macro_rules! cases {
    ($($function:ident),+ $(,)?) => {
        vec![$($crate::case::Case::new($crate::case::name(module_path!(), stringify!($function)), $function)),+]
    };
}
