//! Many executions that wait at the same time.

use super::*;
use crate::TaskFate;

const COUNT: usize = 10_000;

fn load(bench: &Bench) -> Vec<String> {
    let definition = only(with(asking(), json!({ "TimeoutSecondsPath": "$.seconds" }))).to_string();
    let machine = bench.engine.load("m", &definition, &BTreeMap::new()).unwrap();
    let start =
        |number: usize| bench.engine.start_execution(&machine, &format!("e{number}"), json!({ "seconds": 600 }));
    (0..COUNT).map(|number| start(number).unwrap().execution_arn).collect()
}

/// Waits until every execution waits for its token; gives the tokens.
async fn tokens(bench: &Bench) -> Vec<String> {
    for _ in 0..COUNT {
        let asked = bench.asked.lock().unwrap().len();
        if asked == COUNT {
            break;
        }
        tokio::task::yield_now().await;
    }
    let asked = bench.asked.lock().unwrap();
    assert_eq!(asked.len(), COUNT);
    asked.iter().map(|call| call["token"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn ten_thousand_waiting_executions_are_all_completed() {
    let bench = Bench::new();
    let arns = load(&bench);
    let tokens = tokens(&bench).await;
    assert_eq!(tokens.iter().collect::<std::collections::HashSet<_>>().len(), COUNT);
    bench.advance(599);
    for token in &tokens {
        assert_eq!(bench.engine.send_task_success(token, json!("yes")), Ok(()));
    }
    for arn in &arns {
        assert_eq!(bench.ended(arn).await.output, Some(json!("yes")));
    }
}

#[tokio::test]
async fn ten_thousand_waiting_executions_all_time_out() {
    let bench = Bench::new();
    let arns = load(&bench);
    let tokens = tokens(&bench).await;
    bench.advance(600);
    for arn in &arns {
        assert_eq!(bench.ended(arn).await.error.as_deref(), Some("States.Timeout"));
    }
    assert!(tokens.iter().all(|token| bench.engine.task(token) == TaskFate::TimedOut));
}
