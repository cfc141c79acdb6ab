//! Asks for what a deployment needs, with a proposal for each.

use super::answers::Answers;
use crate::person::Person;

/// The chats that there are.
const CHATS: [&str; 2] = ["slack", "teams"];

/// Asks. What was answered before is what is proposed now.
pub(super) fn ask(mut answers: Answers, region: Option<&str>, person: &mut impl Person) -> anyhow::Result<Answers> {
    person.told("Enter takes what stands in brackets, and - leaves it empty.")?;
    let stack = answers.stack.take().unwrap_or_else(|| "countersign".to_owned());
    answers.stack = Some(needed(person, "Name of the stack", Some(&stack))?);
    let region = answers.region.take().or(region.map(str::to_owned));
    answers.region = Some(needed(person, "Region", region.as_deref())?);
    answers.chats = chats(person, &answers.chats)?;
    parameter(person, &mut answers, "MailFrom", "Sender of the mails to approvers, such as approvals@example.com", "")?;
    parameter(person, &mut answers, "AlarmEmail", "Who is told by mail when an alarm goes off", "")?;
    let example = "Whether the example `calculation` is deployed too: true or false";
    parameter(person, &mut answers, "ReferenceWorkflow", example, "true")?;
    let policy = answers.policy.take().map(|policy| policy.display().to_string());
    let policy =
        optional(person, "Policy file, which says who may decide what", policy.as_deref().unwrap_or_default())?;
    answers.policy = (!policy.is_empty()).then(|| policy.into());
    Ok(answers)
}

fn parameter(
    person: &mut impl Person,
    answers: &mut Answers,
    name: &str,
    question: &str,
    otherwise: &str,
) -> anyhow::Result<()> {
    let proposed = answers.parameters.get(name).map_or(otherwise, String::as_str).to_owned();
    let answer = optional(person, question, &proposed)?;
    answers.parameters.insert(name.to_owned(), answer);
    Ok(())
}

fn optional(person: &mut impl Person, question: &str, proposed: &str) -> anyhow::Result<String> {
    let answer = person.answer(&format!("{question} [{proposed}]:"))?;
    Ok(match answer.as_str() {
        "" => proposed.to_owned(),
        "-" => String::new(),
        _ => answer,
    })
}

fn needed(person: &mut impl Person, question: &str, proposed: Option<&str>) -> anyhow::Result<String> {
    loop {
        let answer = optional(person, question, proposed.unwrap_or_default())?;
        if !answer.is_empty() {
            return Ok(answer);
        }
        person.told("This one is needed.")?;
    }
}

fn chats(person: &mut impl Person, before: &[String]) -> anyhow::Result<Vec<String>> {
    let proposed = if before.is_empty() { "slack".to_owned() } else { before.join(" ") };
    loop {
        let answer = optional(person, "Chats, of slack and teams", &proposed)?;
        let chats: Vec<String> =
            answer.split([' ', ',']).filter(|chat| !chat.is_empty()).map(str::to_lowercase).collect();
        match chats.iter().find(|chat| !CHATS.contains(&chat.as_str())) {
            None => return Ok(chats),
            Some(unknown) => person.told(&format!("`{unknown}` is no chat that Countersign knows."))?,
        }
    }
}
