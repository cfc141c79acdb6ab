//! The bus in EventBridge.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;

use super::{code, retries, timeouts};
use crate::approval::event::{Event, SOURCE};
use crate::net::deadline::Unavailable;
use crate::ports::EventBus;

const SERVICE: &str = "EventBridge";
const TRY_TIMEOUT: Duration = Duration::from_millis(700);
/// `PutEvents` takes at most this many entries:
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>.
const ENTRIES_MAX: usize = 10;
/// How often entries are put that EventBridge has refused for a passing reason, the first time included.
const ENTRY_TRIES: u32 = 3;
/// The pause before an entry is put again grows from this, with jitter.
const ENTRY_PAUSE: Duration = Duration::from_millis(50);

/// A bus of EventBridge.
#[derive(Debug, Clone)]
pub struct EventBridgeBus {
    client: Client,
    bus: String,
}

impl EventBridgeBus {
    /// The bus of this name, with the configuration of the environment.
    pub fn new(config: &SdkConfig, bus: String) -> Self {
        let config = aws_sdk_eventbridge::config::Builder::from(config)
            .timeout_config(timeouts(TRY_TIMEOUT))
            .retry_config(retries())
            .build();
        Self { client: Client::from_conf(config), bus }
    }

    /// Puts one call's worth of events. EventBridge answers 200 and refuses single entries, of which those that
    /// were throttled or met an internal failure are put again:
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>.
    async fn put_entries(&self, mut events: Vec<&Event>) -> Result<Vec<String>, Unavailable> {
        let mut accepted = Vec::new();
        for attempt in 1..=ENTRY_TRIES {
            let entries = events.iter().map(|event| self.entry(event)).collect();
            let put = match self.client.put_events().set_entries(Some(entries)).send().await {
                Ok(put) => put,
                Err(_) if !accepted.is_empty() => break,
                Err(error) => return Err(unavailable(&error)),
            };
            let mut again = Vec::new();
            for (event, result) in events.iter().zip(put.entries.unwrap_or_default()) {
                match result.error_code.as_deref() {
                    None => accepted.push(event.id.clone()),
                    Some(code) if is_passing(code) => again.push(*event),
                    Some(code) => tracing::error!(event.id, code, "EventBridge refuses an event"),
                }
            }
            if again.is_empty() || attempt == ENTRY_TRIES {
                break;
            }
            events = again;
            tokio::time::sleep(ENTRY_PAUSE.mul_f64(f64::from(attempt) * (0.5 + fastrand::f64()))).await;
        }
        Ok(accepted)
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(event.detail_type.as_str())
            .detail(event.detail.to_string())
            .build()
    }
}

#[async_trait]
impl EventBus for EventBridgeBus {
    async fn put(&self, events: &[Event]) -> Result<Vec<String>, Unavailable> {
        let mut accepted = Vec::new();
        for chunk in events.chunks(ENTRIES_MAX) {
            match self.put_entries(chunk.iter().collect()).await {
                Ok(ids) => accepted.extend(ids),
                // What went out is out; the rest stays with the caller.
                Err(_) if !accepted.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(accepted)
    }
}

/// The codes of an entry that may be accepted later (EventBridge API reference, `PutEventsResultEntry`).
fn is_passing(code: &str) -> bool {
    matches!(code, "InternalFailure" | "InternalException" | "ThrottlingException")
}

fn unavailable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Unavailable {
    Unavailable::new(SERVICE, code(error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::approval::sample::approval;
    use crate::aws::wire::{Answer, Service, refusal};

    fn events(count: usize) -> Vec<Event> {
        let event = Event::requested(&approval(""));
        (0..count).map(|number| Event { id: format!("e{number}"), ..event.clone() }).collect()
    }

    /// An answer to as many entries as there are codes; an empty code stands for an accepted entry.
    fn put(codes: &[&str]) -> Answer {
        let entries: Vec<_> = codes
            .iter()
            .map(|code| if code.is_empty() { json!({ "EventId": "1" }) } else { json!({ "ErrorCode": code }) })
            .collect();
        let failed = codes.iter().filter(|code| !code.is_empty()).count();
        (200, json!({ "FailedEntryCount": failed, "Entries": entries }))
    }

    async fn bus(answers: impl IntoIterator<Item = Answer>) -> (Service, EventBridgeBus) {
        let service = Service::answering(answers).await;
        let bus = EventBridgeBus::new(&service.config(), "countersign".to_owned());
        (service, bus)
    }

    #[tokio::test]
    async fn an_entry_names_bus_source_kind_and_detail() {
        let (service, bus) = bus([put(&[""])]).await;
        assert_eq!(bus.put(&events(1)).await.unwrap(), ["e0"]);
        let entry = &service.asked()[0]["Entries"][0];
        assert_eq!(entry["EventBusName"], "countersign");
        assert_eq!(entry["Source"], "countersign");
        assert_eq!(entry["DetailType"], "Approval Requested");
        let detail: serde_json::Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(detail["schemaVersion"], "1");
    }

    #[tokio::test]
    async fn only_entries_refused_for_a_passing_reason_are_put_again() {
        let first = put(&["", "ThrottlingException", "MalformedDetail", "InternalFailure"]);
        let (service, bus) = bus([first, put(&["", "ThrottlingException"]), put(&["ThrottlingException"])]).await;
        assert_eq!(bus.put(&events(4)).await.unwrap(), ["e0", "e1"]);
        let sizes: Vec<_> = service.asked().iter().map(|asked| asked["Entries"].as_array().unwrap().len()).collect();
        assert_eq!(sizes, [4, 2, 1]);
    }

    #[tokio::test]
    async fn ten_entries_go_in_a_call_and_what_went_out_counts_when_a_later_call_fails() {
        let denied = refusal(400, "AccessDeniedException");
        let (service, bus) = bus([put(&[""; 10]), denied]).await;
        assert_eq!(bus.put(&events(12)).await.unwrap().len(), 10);
        assert_eq!(service.asked()[1]["Entries"].as_array().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_bus_that_refuses_the_call_is_unavailable() {
        let (_service, bus) = bus([refusal(400, "ResourceNotFoundException")]).await;
        let error = bus.put(&events(1)).await.unwrap_err();
        assert_eq!(error.to_string(), "EventBridge is unavailable: ResourceNotFoundException");
    }
}
