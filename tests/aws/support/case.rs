//! A case: an async function with a name, run by the harness in `main`.

use std::sync::Arc;

use futures::future::LocalBoxFuture;

use super::emulators::Emulators;

/// What a case does, on one thread of its own. It fails by an error or by a panic.
pub(crate) type Body = Box<dyn FnOnce(Arc<Emulators>) -> LocalBoxFuture<'static, anyhow::Result<()>> + Send>;

/// One line of the report.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) run: Body,
}

impl Case {
    pub(crate) fn new<F>(name: impl Into<String>, run: impl FnOnce(Arc<Emulators>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + 'static,
    {
        Self { name: name.into(), run: Box::new(move |emulators| Box::pin(run(emulators))) }
    }
}

/// The cases of a module: `cases![approve, reject]` lists its async functions by their names.
macro_rules! cases {
    ($($function:ident),+ $(,)?) => {
        vec![$(
            $crate::support::case::Case::new(
                concat!(module_path!(), "::", stringify!($function)).trim_start_matches("aws::"),
                $function,
            )
        ),+]
    };
}
pub(crate) use cases;
