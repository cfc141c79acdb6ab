//! An hour without a platform or a service, and then it is back: what was decided before it and what was asked during it
//! ends in agreement.

use countersign_bot::approval::place::Platform;
use countersign_bot::approval::record::Approval;
use countersign_bot::approval::state::Status;
use countersign_playground::fakes::Fault as SlackFault;
use countersign_playground::fakes::teams::{Fault as TeamsFault, Operation};
use countersign_playground::world::Options;

use crate::support::faults::{Call, Fault, Faults};
use crate::support::{Harness, RULES_WITH_TEAMS, has_buttons, options};

/// What is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    Slack,
    Teams,
    Mail,
    Queue,
    Bus,
    StepFunctions,
}

const ALL: [Gone; 6] = [Gone::Slack, Gone::Teams, Gone::Mail, Gone::Queue, Gone::Bus, Gone::StepFunctions];

impl Gone {
    fn goes(self, harness: &Harness, faults: &Faults) {
        let world = &harness.world;
        match self {
            Self::Slack => {
                for method in ["chat.postMessage", "chat.update"] {
                    world.slack.fail_always(method, Some(SlackFault::Status(503)));
                }
            }
            Self::Teams => {
                let unavailable = TeamsFault::RateLimited { retry_after: 60 };
                for operation in [Operation::Create, Operation::Update, Operation::Send] {
                    world.teams.fail_always(operation, Some(unavailable.clone()));
                }
            }
            Self::Mail => world.mailbox.fail_always(Some("Throttling")),
            Self::Queue => faults.always(Call::Enqueue, Some(Fault::Refused)),
            Self::Bus => faults.always(Call::Put, Some(Fault::Refused)),
            Self::StepFunctions => {
                faults.always(Call::Callback, Some(Fault::Refused));
                faults.always(Call::LookUp, Some(Fault::Refused));
            }
        }
    }
}

async fn minutes(harness: &Harness, minutes: usize) {
    for _ in 0..minutes {
        harness.pass_time(60);
        harness.deliver().await;
        harness.reconcile().await;
    }
}

/// Everybody sees the decision, and the bus and the workflow know of it.
async fn agree(harness: &Harness, approval: &Approval, gone: Gone) {
    let record = harness.settled(approval, Status::Approved).await;
    let platforms: Vec<Platform> = record.copies.iter().map(|copy| copy.message.platform()).collect();
    for platform in [Platform::Slack, Platform::Teams, Platform::Email] {
        assert!(platforms.contains(&platform), "{gone:?}: {platforms:?}");
    }
    assert!(!has_buttons(&harness.card(&record)), "{gone:?}");
    assert!(!harness.teams_card(&record).card.unwrap().to_string().contains("Action.Execute"), "{gone:?}");
    let resolved = harness.events("Approval Resolved").into_iter();
    assert_eq!(resolved.filter(|event| event["approvalId"] == approval.id.as_str()).count(), 1, "{gone:?}");
}

#[tokio::test]
async fn after_an_hour_without_a_platform_or_a_service_everything_agrees() {
    for gone in ALL {
        let faults = Faults::default();
        let options = Options { timeout_seconds: 3 * 3_600, ..options() };
        let harness = Harness::with_options(RULES_WITH_TEAMS, options, |ports| faults.in_front_of(ports)).await;
        let decided = harness.ask().await;
        gone.goes(&harness, &faults);
        harness.press_in_teams("grace", &decided, "approve", &[]).await;
        let (ada, channel) = (harness.user("ada"), harness.world.channel.clone());
        harness.world.slack.command(&ada, &channel, "/start", "1 2").await;
        let asked = harness
            .until("it is on record", |world| world.store.all().into_iter().find(|record| record.id != decided.id))
            .await;
        minutes(&harness, 60).await;
        assert_eq!(harness.record(&asked.id).status(), Status::Pending, "{gone:?}: nothing is given up");
        faults.recover();
        harness.world.slack.recover();
        harness.world.teams.recover();
        harness.world.mailbox.recover();
        minutes(&harness, 10).await;
        agree(&harness, &decided, gone).await;
        harness.press("grace", &asked, "approve", None).await;
        agree(&harness, &asked, gone).await;
    }
}
