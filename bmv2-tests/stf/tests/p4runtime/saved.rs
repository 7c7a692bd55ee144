//! Configurations that are saved, written to, and then committed.

use super::target::{operands, targets};
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_runtime::{Entity, Query, TableActionRef};
use tonic::Code;

#[tokio::test]
async fn what_is_written_to_a_saved_configuration_counts_when_it_is_committed() {
    for mut target in targets("action_profiles").await {
        let member = |port| Entity::Member {
            profile: target.profile("members"),
            id: 1,
            action: Some(target.call("set_port", &[port])),
        };
        let (before, after) = (member(2), member(3));
        let entry = Entity::Table(target.entry("by_left", 5, TableActionRef::Member(1)));
        let group = Entity::MulticastGroup {
            id: 4,
            replicas: vec![],
        };
        assert_eq!(target.insert(&before).await, Code::Ok);
        assert_eq!(target.insert(&entry).await, Code::Ok);
        target.set(Action::VerifyAndSave).await;
        // As new, with all that a pipeline checks.
        let members = Query::Members {
            profile: None,
            id: None,
        };
        assert_eq!(target.read(members.clone()).await, Ok(vec![]));
        assert_eq!(target.insert(&entry).await, Code::NotFound);
        assert_eq!(target.insert(&after).await, Code::Ok);
        assert_eq!(target.insert(&entry).await, Code::Ok);
        assert_eq!(target.insert(&group).await, Code::Ok);
        assert_eq!(target.delete(&after).await, Code::FailedPrecondition);
        target.send(4, &operands(5, 0, 0));
        target.receive(2).await;
        target.set(Action::Commit).await;
        target.send(4, &operands(5, 0, 0));
        target.receive(3).await;
        assert_eq!(target.read(members.clone()).await, Ok(vec![after.clone()]));
        let groups = Query::MulticastGroups { id: None };
        assert_eq!(target.read(groups.clone()).await, Ok(vec![group.clone()]));
        // The same program again, with all that it holds.
        target.set(Action::ReconcileAndCommit).await;
        assert_eq!(target.read(members.clone()).await, Ok(vec![after]));
        assert_eq!(target.read(groups).await, Ok(vec![group]));
        target.set(Action::VerifyAndCommit).await;
        assert_eq!(target.read(members).await, Ok(vec![]));
    }
}
