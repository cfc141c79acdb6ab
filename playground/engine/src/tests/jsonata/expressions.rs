//! The table of expressions. `cargo xtask test --only jsonata` compares it with the program that AWS documents, so each
//! row says here what the engine gives, and there what is different and why.

use super::*;

/// What a row says of the engine.
fn expected(row: &Value) -> Result<Value, String> {
    let words = |field: &str| row[field].as_str().map(str::to_owned);
    match row.get("gives") {
        Some(value) => Ok(value.clone()),
        None if row["nothing"] == true => Err("returned nothing (undefined).".to_owned()),
        None => Err(words("fails").or(words("refused")).unwrap()),
    }
}

async fn outcome(row: &Value, table: &Value) -> Result<Value, String> {
    let output = format!("{{% {} %}}", row["expression"].as_str().unwrap());
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "Set", "States": {
        "Set": { "Type": "Pass", "Assign": table["variables"], "Next": "Give" },
        "Give": { "Type": "Pass", "Output": output, "End": true }
    } });
    let refused = problems(machine.clone());
    if row.get("refused").is_some() || !refused.is_empty() {
        return Err(refused.join("\n"));
    }
    let execution = run(machine, table["input"].clone()).await;
    execution.output.ok_or_else(|| execution.cause.unwrap())
}

#[tokio::test]
async fn every_expression_of_the_table_gives_what_it_says() {
    let table: Value = serde_json::from_str(include_str!("expressions.json")).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.len() > 300);
    for row in rows {
        assert_eq!(row.get("npm").is_some(), row.get("why").is_some(), "{row}");
        let (outcome, expected) = (outcome(row, &table).await, expected(row));
        match (&outcome, &expected) {
            // As texts, because the order of the keys counts.
            (Ok(value), Ok(expected)) => assert_eq!(value.to_string(), expected.to_string(), "{row}"),
            (Err(message), Err(expected)) => assert!(message.contains(expected.as_str()), "{row}: {message}"),
            _ => panic!("{row}: {outcome:?}"),
        }
    }
}
