use super::*;

const DEVICE: u64 = 7;

fn message(id: Option<u128>) -> MasterArbitrationUpdate {
    MasterArbitrationUpdate {
        device_id: DEVICE,
        election_id: id.map(to_uint128),
        ..MasterArbitrationUpdate::default()
    }
}

fn in_role(name: &str, id: u128) -> MasterArbitrationUpdate {
    MasterArbitrationUpdate {
        role: Some(RoleMessage {
            name: name.to_owned(),
            ..RoleMessage::default()
        }),
        ..message(Some(id))
    }
}

/// Who is told what.
fn told(notifications: &[Notification]) -> Vec<(StreamId, Code, Option<u128>)> {
    let told = notifications.iter().map(|notification| {
        let update = &notification.update;
        assert_eq!(update.device_id, DEVICE);
        let code = update.status.as_ref().unwrap().code;
        let id = update.election_id.as_ref().map(election_id);
        (notification.stream, Code::from_i32(code), id)
    });
    told.collect()
}

/// A client becomes primary, and is told when `confirm` says so.
fn become_primary(arbitration: &mut Arbitration, stream: StreamId, id: u128) -> Vec<Notification> {
    let change = arbitration.update(stream, &message(Some(id))).unwrap();
    assert!(change.awaits_confirmation);
    let confirmed = arbitration.confirm(stream).unwrap();
    assert_eq!(told(&[confirmed]), [(stream, Code::Ok, Some(id))]);
    change.notifications
}

#[test]
fn the_highest_election_id_is_primary_and_all_others_hear_of_it() {
    let mut arbitration = Arbitration::new(DEVICE);
    assert!(become_primary(&mut arbitration, 1, 10).is_empty());
    assert_eq!(arbitration.check_primary("", Some(10)), Ok(()));

    let change = arbitration.update(2, &message(Some(5))).unwrap();
    assert_eq!(
        told(&change.notifications),
        [(2, Code::AlreadyExists, Some(10))]
    );
    assert!(!change.awaits_confirmation);
    assert_eq!(
        arbitration.check_primary("", Some(5)),
        Err(Denial::NotPrimary(Some(5)))
    );

    let others = become_primary(&mut arbitration, 3, 1 << 100);
    let outvoted = [
        (1, Code::AlreadyExists, Some(1 << 100)),
        (2, Code::AlreadyExists, Some(1 << 100)),
    ];
    assert_eq!(told(&others), outvoted);
    assert_eq!(
        arbitration.check_primary("", Some(10)),
        Err(Denial::NotPrimary(Some(10)))
    );
    assert_eq!(arbitration.check_primary("", Some(1 << 100)), Ok(()));
}

#[test]
fn nobody_may_write_until_the_new_primary_is_confirmed() {
    let mut arbitration = Arbitration::new(DEVICE);
    become_primary(&mut arbitration, 1, 1);
    assert!(
        arbitration
            .update(2, &message(Some(2)))
            .unwrap()
            .awaits_confirmation
    );
    assert!(arbitration.check_primary("", Some(1)).is_err());
    assert!(arbitration.check_primary("", Some(2)).is_err());
    // Meanwhile somebody else is chosen.
    assert!(
        arbitration
            .update(3, &message(Some(3)))
            .unwrap()
            .awaits_confirmation
    );
    assert_eq!(arbitration.confirm(2), None);
    assert!(arbitration.confirm(3).is_some());
    assert_eq!(arbitration.check_primary("", Some(3)), Ok(()));
}

#[test]
fn without_its_primary_a_role_waits_for_an_id_as_high() {
    let mut arbitration = Arbitration::new(DEVICE);
    become_primary(&mut arbitration, 1, 10);
    arbitration.update(2, &message(Some(9))).unwrap();
    let left = arbitration.disconnect(1);
    assert_eq!(told(&left), [(2, Code::NotFound, Some(10))]);
    assert!(arbitration.check_primary("", Some(10)).is_err());
    assert_eq!(arbitration.primaries().count(), 0);
    // A backup asks again with its old id, and with the highest ever.
    let change = arbitration.update(2, &message(Some(9))).unwrap();
    assert_eq!(told(&change.notifications), [(2, Code::NotFound, Some(10))]);
    become_primary(&mut arbitration, 2, 10);
    assert!(arbitration.is_primary(2));
}

#[test]
fn a_primary_can_step_down_and_can_ask_again() {
    let mut arbitration = Arbitration::new(DEVICE);
    become_primary(&mut arbitration, 1, 10);
    arbitration.update(2, &message(Some(9))).unwrap();
    let again = arbitration.update(1, &message(Some(10))).unwrap();
    assert!(!again.awaits_confirmation);
    let unchanged = [(1, Code::Ok, Some(10)), (2, Code::AlreadyExists, Some(10))];
    assert_eq!(told(&again.notifications), unchanged);

    let stepped_down = arbitration.update(1, &message(Some(3))).unwrap();
    let nobody = [(1, Code::NotFound, Some(10)), (2, Code::NotFound, Some(10))];
    assert_eq!(told(&stepped_down.notifications), nobody);
    assert!(arbitration.check_primary("", Some(10)).is_err());
}

#[test]
fn no_election_id_is_lower_than_any_and_zero_is_one() {
    let mut arbitration = Arbitration::new(DEVICE);
    let change = arbitration.update(1, &message(None)).unwrap();
    assert_eq!(told(&change.notifications), [(1, Code::NotFound, None)]);
    assert!(arbitration.update(2, &message(None)).is_ok());
    assert_eq!(
        arbitration.check_primary("", None),
        Err(Denial::NotPrimary(None))
    );
    let others = become_primary(&mut arbitration, 3, 0);
    assert_eq!(told(&others).len(), 2);
    assert_eq!(arbitration.check_primary("", Some(0)), Ok(()));
}

#[test]
fn roles_are_apart() {
    let mut arbitration = Arbitration::new(DEVICE);
    become_primary(&mut arbitration, 1, 10);
    let unknown = arbitration.check_primary("acl", Some(10)).unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let change = arbitration.update(2, &in_role("acl", 10)).unwrap();
    assert!(change.awaits_confirmation && change.notifications.is_empty());
    let told = arbitration.confirm(2).unwrap();
    assert_eq!(told.update.role.unwrap().name, "acl");
    assert_eq!(arbitration.check_primary("acl", Some(10)), Ok(()));
    assert_eq!(arbitration.check_primary("", Some(10)), Ok(()));
    assert_eq!(arbitration.primaries().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_a_stream_must_not_say_ends_it() {
    let mut arbitration = Arbitration::new(DEVICE);
    let other_device = MasterArbitrationUpdate {
        device_id: 8,
        ..message(Some(1))
    };
    let mut configured = in_role("acl", 1);
    configured.role.as_mut().unwrap().config = Some(dpr_p4runtime::Any::default());
    let rejected = |result: Result<Change, Rejection>| result.unwrap_err().code();
    assert_eq!(
        rejected(arbitration.update(1, &other_device)),
        Code::NotFound
    );
    assert_eq!(
        rejected(arbitration.update(1, &configured)),
        Code::InvalidArgument
    );

    become_primary(&mut arbitration, 1, 10);
    assert_eq!(
        rejected(arbitration.update(1, &other_device)),
        Code::FailedPrecondition
    );
    assert_eq!(
        rejected(arbitration.update(1, &in_role("acl", 11))),
        Code::FailedPrecondition
    );
    assert_eq!(
        rejected(arbitration.update(2, &message(Some(10)))),
        Code::InvalidArgument
    );
    for stream in 2..=MAX_STREAMS_PER_ROLE as u64 {
        arbitration.update(stream, &message(None)).unwrap();
    }
    assert_eq!(
        rejected(arbitration.update(1000, &message(None))),
        Code::ResourceExhausted
    );
}
