//! Starts executions.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::context::{ExecutionContext, ROLE_ARN};
use crate::execution::{Execution, ExecutionStatus, StartError, Started};
use crate::executions::{NewEvent, Shared, after};
use crate::history::HistoryKind;
use crate::limits::{ORIGIN, is_valid_name};
use crate::run::Run;

impl Shared {
    /// Starts an execution, or finds the one that the same request started before.
    pub(crate) fn start(
        self: &Arc<Shared>,
        machine_arn: &str,
        name: &str,
        input: Value,
    ) -> Result<Started, StartError> {
        if !is_valid_name(name) {
            return Err(StartError::InvalidName);
        }
        let mut world = self.lock();
        let machine = world.machines.get(machine_arn).cloned().ok_or(StartError::StateMachineDoesNotExist)?;
        let arn: Arc<str> = format!("{ORIGIN}:execution:{}:{name}", machine.name).into();
        if let Some(existing) = world.executions.get(&arn) {
            let same = existing.status == ExecutionStatus::Running && existing.context.input == input;
            let start_date = existing.context.start_date;
            let started = Started { execution_arn: (*arn).to_owned(), start_date, already_running: true };
            return if same { Ok(started) } else { Err(StartError::ExecutionAlreadyExists) };
        }
        let start_date = self.clock.now();
        let context = Arc::new(ExecutionContext {
            execution_arn: Arc::clone(&arn),
            name: name.to_owned(),
            input,
            start_date,
            machine_arn: machine_arn.to_owned(),
            machine_name: machine.name.clone(),
        });
        let deadline = machine.timeout_seconds.and_then(|seconds| after(start_date, seconds));
        let number = world.executions.len();
        let execution = world.executions.entry(Arc::clone(&arn)).or_insert(Execution {
            number,
            context: Arc::clone(&context),
            status: ExecutionStatus::Running,
            deadline,
            output: None,
            error: None,
            cause: None,
            stop_date: None,
            history: Vec::new(),
            tasks: HashMap::new(),
            task: None,
        });
        let details = json!({ "input": context.input, "roleArn": ROLE_ARN });
        self.add_event(execution, NewEvent { previous: 0, kind: HistoryKind::ExecutionStarted, state: None, details });
        self.announce(execution);
        // Spawned under the lock: the execution cannot end before its handle is kept.
        let run = Run::new(Arc::clone(self), machine, context, deadline);
        execution.task = Some(tokio::spawn(run.drive()).abort_handle());
        Ok(Started { execution_arn: (*arn).to_owned(), start_date, already_running: false })
    }
}
