//! One table of small machines, run on three interpreters: the playground's engine, moto and ministack.
//!
//! Each row says what AWS documents. The engine must do exactly that. Where an emulator does something else, the row
//! says what, and what the documentation says about it: a difference that is not listed fails, and so does one that is
//! listed and gone.

mod choices;
mod data;
mod documented;
mod errors;
mod fan_out;
mod functions;
mod interpreter;
mod intrinsics;
mod jsonata;
mod machines;
mod row;
mod tasks;
mod tokens;
mod waits;

use std::sync::Arc;

use anyhow::bail;
use tokio::sync::OnceCell;

use self::interpreter::Interpreter;
use self::row::{Peer, Row};
use crate::support::emulators::{Case, Emulators};
use crate::support::step_functions;

pub(crate) fn cases() -> Vec<Case> {
    let interpreters = Arc::new(Interpreters::default());
    let tables = [
        ("choices", choices::rows()),
        ("data", data::rows()),
        ("errors", errors::rows()),
        ("fan_out", fan_out::rows()),
        ("intrinsics", intrinsics::rows()),
        ("jsonata", jsonata::rows()),
        ("tasks", tasks::rows()),
        ("tokens", tokens::rows()),
        ("waits", waits::rows()),
    ];
    let rows = tables.into_iter().flat_map(|(table, rows)| rows.into_iter().map(move |row| (table, row)));
    rows.map(|(table, row)| {
        let interpreters = interpreters.clone();
        let name = format!("conformance::{table}::{}", row.name);
        Case::new(name, move |emulators| async move { check(&interpreters, &emulators, table, &row).await })
    })
    .collect()
}

/// The two emulators with the functions that the machines call; each is prepared once.
#[derive(Default)]
struct Interpreters {
    moto: OnceCell<Interpreter>,
    ministack: OnceCell<Interpreter>,
}

impl Interpreters {
    async fn moto(&self, emulators: &Emulators) -> anyhow::Result<&Interpreter> {
        let prepare = || async {
            let moto = emulators.moto().await?;
            let interpreter = Interpreter::emulator(step_functions::client(&moto.sdk_config()));
            moto.create_functions(functions::all(&interpreter));
            anyhow::Ok(interpreter)
        };
        self.moto.get_or_try_init(prepare).await
    }

    async fn ministack(&self, emulators: &Emulators) -> anyhow::Result<&Interpreter> {
        let prepare = || async {
            let ministack = emulators.ministack().await?;
            let interpreter = Interpreter::emulator(step_functions::client(&ministack.sdk_config()));
            ministack.create_functions(functions::all(&interpreter)).await?;
            anyhow::Ok(interpreter)
        };
        self.ministack.get_or_try_init(prepare).await
    }
}

/// Runs a row everywhere and says everything that is not as the row has it.
async fn check(interpreters: &Interpreters, emulators: &Emulators, table: &str, row: &Row) -> anyhow::Result<()> {
    let name = format!("{table}-{}", row.name);
    let (moto, ministack) = tokio::try_join!(interpreters.moto(emulators), interpreters.ministack(emulators))?;
    let engine = Interpreter::engine();
    let (engine, moto, ministack) = tokio::try_join!(
        engine.run(&name, row, None),
        moto.run(&name, row, Some(Peer::Moto)),
        ministack.run(&name, row, Some(Peer::Ministack))
    )?;
    let mut problems = Vec::new();
    if engine != row.documented {
        problems.push(format!("the engine does {engine:?}; AWS documents {:?}", row.documented));
    }
    for (peer, observed) in [(Peer::Moto, moto), (Peer::Ministack, ministack)] {
        problems.extend(row.problem_with(peer, &observed));
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{}\nthe machine is {}\nthe input is {}", problems.join("\n"), row.machine, row.input)
}
