use super::*;

#[tokio::test]
async fn only_the_primary_writes_and_everybody_knows_who_that_is() {
    let (address, _server) = serve(Small::new()).await;
    let mut first = Client::primary(address).await;
    let mut second = Client::connect(address).await;
    second.arbitrate(2).await;
    assert_eq!(first.told().await, (Code::AlreadyExists, Some(2)));
    assert_eq!(second.told().await, (Code::Ok, Some(2)));
    assert_eq!(
        first.write(vec![]).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    assert!(second.write(vec![]).await.is_ok());
    let denied = first
        .set_config(Action::VerifyAndCommit, Some(config()))
        .await;
    assert_eq!(denied.unwrap_err().code(), Code::PermissionDenied);
    // The first wants it back.
    first.arbitrate(3).await;
    assert_eq!(second.told().await, (Code::AlreadyExists, Some(3)));
    assert_eq!(first.told().await, (Code::Ok, Some(3)));
    // And is lost.
    drop(first);
    assert_eq!(second.told().await, (Code::NotFound, Some(3)));
    assert_eq!(
        second.write(vec![]).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    second.arbitrate(3).await;
    assert_eq!(second.told().await, (Code::Ok, Some(3)));
    assert!(second.write(vec![]).await.is_ok());
}

#[tokio::test]
async fn a_message_that_must_not_be_ends_the_stream() {
    let (address, _server) = serve(Small::new()).await;
    let mut first = Client::primary(address).await;
    let mut other = Client::connect(address).await;
    other.arbitrate(1).await;
    assert_eq!(
        other.next().await.unwrap_err().code(),
        Code::InvalidArgument
    );

    let stranger = Client::connect(address).await;
    let elsewhere = v1::MasterArbitrationUpdate {
        device_id: DEVICE + 1,
        ..v1::MasterArbitrationUpdate::default()
    };
    let elsewhere = stream_message_request::Update::Arbitration(elsewhere);
    stranger.send(elsewhere.clone()).await;
    let mut stranger = stranger;
    assert_eq!(stranger.next().await.unwrap_err().code(), Code::NotFound);
    first.send(elsewhere).await;
    assert_eq!(
        first.next().await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    // It was the primary; a stream that ends with an error is as good as gone.
    assert_eq!(
        first.write(vec![]).await.unwrap_err().code(),
        Code::PermissionDenied
    );
}

#[tokio::test]
async fn a_restart_forgets_clients_ids_and_entries() {
    let (address, server) = serve(Small::new()).await;
    let mut client = Client::primary(address).await;
    let entry = v1::entity::Entity::TableEntry(route(1, 1, 1));
    client
        .write_one(v1::update::Type::Insert, entry.clone())
        .await
        .unwrap();
    server.restart().await;
    assert_eq!(client.next().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(
        client.write(vec![]).await.unwrap_err().code(),
        Code::PermissionDenied
    );

    let mut client = Client::connect(address).await;
    client.arbitrate(0).await;
    assert_eq!(client.told().await, (Code::Ok, Some(0)));
    assert_eq!(
        client.write(vec![]).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    client
        .set_config(Action::ReconcileAndCommit, Some(config()))
        .await
        .unwrap();
    assert_eq!(client.read(vec![entry]).await.0, []);
    server.shutdown().await;
    assert_eq!(client.next().await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn requests_name_the_device_and_a_known_role() {
    let (address, _server) = serve(Small::new()).await;
    let mut client = Client::primary(address).await;
    let mut request = v1::WriteRequest {
        device_id: DEVICE,
        election_id: Some(to_uint128(1)),
        role: "acl".to_owned(),
        ..v1::WriteRequest::default()
    };
    assert_eq!(
        client.rpc.write(request.clone()).await.unwrap_err().code(),
        Code::NotFound
    );
    request.role.clear();
    request.device_id += 1;
    assert_eq!(
        client.rpc.write(request.clone()).await.unwrap_err().code(),
        Code::NotFound
    );
    request.device_id = DEVICE;
    request.atomicity = v1::write_request::Atomicity::DataplaneAtomic as i32;
    let status = client.rpc.write(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("DATAPLANE_ATOMIC"), "{status:?}");
    let request = v1::ReadRequest {
        device_id: DEVICE + 1,
        ..v1::ReadRequest::default()
    };
    assert_eq!(
        client.rpc.read(request).await.unwrap_err().code(),
        Code::NotFound
    );
    for (device_id, expected) in [
        (0, Code::Ok),
        (DEVICE, Code::Ok),
        (DEVICE + 1, Code::NotFound),
    ] {
        let capabilities = client
            .rpc
            .capabilities(v1::CapabilitiesRequest { device_id })
            .await;
        assert_eq!(
            capabilities.map_or_else(|status| status.code(), |_| Code::Ok),
            expected
        );
    }
}
