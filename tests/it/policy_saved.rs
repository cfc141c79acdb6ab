//! The policy of the local run, which is a file.

use countersign_bot::approval::state::Status;
use countersign_playground::world::Source;

use crate::support::{Harness, RULES, policy};

/// The local run: a policy that is saved anew holds at once, and one that is wrong changes nothing.
#[tokio::test]
async fn a_policy_that_is_pushed_while_the_world_runs_is_in_force() {
    let harness = Harness::start().await;
    let approval = harness.ask().await;
    let more =
        policy(RULES).replace("[people.linus]", "[people.eve]\nname = \"Eve\"\nslack = \"U0EVE\"\n[people.linus]");
    let more = more.replace("[\"ada\", \"grace\"]", "[\"eve\"]");
    harness.world.push_policy(&Source::new("policy.toml", &more)).await.unwrap();
    assert_eq!(harness.world.bot().app.policy.version(), Some(2));
    assert!(harness.world.actor("eve").is_some());
    let refused = harness.world.push_policy(&Source::new("policy.toml", "[policies.none]\n")).await.unwrap_err();
    assert!(refused.to_string().starts_with("policy.toml has something wrong with it:\nline 1"), "{refused}");
    assert_eq!(harness.world.bot().app.policy.version(), Some(2));
    harness.press("grace", &approval, "approve", None).await;
    harness.settled(&approval, Status::Approved).await;
}
