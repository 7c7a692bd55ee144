use super::*;
use v1::get_forwarding_pipeline_config_request::ResponseType;

async fn get(client: &mut Client, response_type: ResponseType) -> Option<ForwardingPipelineConfig> {
    let request = v1::GetForwardingPipelineConfigRequest {
        device_id: DEVICE,
        response_type: response_type as i32,
    };
    let response = client.rpc.get_forwarding_pipeline_config(request).await;
    response.unwrap().into_inner().config
}

async fn entries(client: &mut Client) -> usize {
    let all = v1::entity::Entity::TableEntry(v1::TableEntry::default());
    let (found, end) = client.read(vec![all]).await;
    end.unwrap();
    found.len()
}

#[tokio::test]
async fn only_the_programs_own_digest_and_p4info_are_accepted() {
    let (address, _server) = serve(Small::new()).await;
    let mut client = Client::connect(address).await;
    client.arbitrate(1).await;
    client.told().await;
    let refused = [
        (
            ForwardingPipelineConfig {
                p4_device_config: vec![],
                ..config()
            },
            "digest d1d1",
        ),
        (
            ForwardingPipelineConfig {
                p4_device_config: vec![0; 32],
                ..config()
            },
            "not 0000",
        ),
        (
            ForwardingPipelineConfig {
                p4info: None,
                ..config()
            },
            "p4info is not set",
        ),
        (
            ForwardingPipelineConfig {
                p4info: Some(text::parse_p4info("tables { preamble { id: 1 } }").unwrap()),
                ..config()
            },
            "tables differ",
        ),
    ];
    for (config, why) in refused {
        for action in [
            Action::Verify,
            Action::VerifyAndSave,
            Action::VerifyAndCommit,
            Action::ReconcileAndCommit,
        ] {
            let status = client
                .set_config(action, Some(config.clone()))
                .await
                .unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains(why), "{status:?}");
        }
    }
    for action in [Action::Unspecified, Action::Verify, Action::VerifyAndCommit] {
        let missing = if action == Action::Unspecified {
            Some(config())
        } else {
            None
        };
        let status = client.set_config(action, missing).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    assert_eq!(get(&mut client, ResponseType::All).await, None);
    client
        .set_config(Action::Verify, Some(config()))
        .await
        .unwrap();
    assert_eq!(get(&mut client, ResponseType::All).await, None);
    client
        .set_config(Action::VerifyAndCommit, Some(config()))
        .await
        .unwrap();
    assert_eq!(get(&mut client, ResponseType::All).await, Some(config()));
    let cookie_only = ForwardingPipelineConfig {
        cookie: config().cookie,
        ..ForwardingPipelineConfig::default()
    };
    assert_eq!(
        get(&mut client, ResponseType::CookieOnly).await,
        Some(cookie_only.clone())
    );
    let with_p4info = ForwardingPipelineConfig {
        p4info: config().p4info,
        ..cookie_only.clone()
    };
    assert_eq!(
        get(&mut client, ResponseType::P4infoAndCookie).await,
        Some(with_p4info)
    );
    let with_device_config = ForwardingPipelineConfig {
        p4_device_config: config().p4_device_config,
        ..cookie_only
    };
    assert_eq!(
        get(&mut client, ResponseType::DeviceConfigAndCookie).await,
        Some(with_device_config)
    );
}

#[tokio::test]
async fn a_commit_clears_and_a_reconciliation_keeps() {
    let (address, _server) = serve(Small::new()).await;
    let mut client = Client::primary(address).await;
    let entry = v1::entity::Entity::TableEntry(route(1, 1, 1));
    client
        .write_one(v1::update::Type::Insert, entry)
        .await
        .unwrap();
    client
        .set_config(Action::ReconcileAndCommit, Some(config()))
        .await
        .unwrap();
    assert_eq!(entries(&mut client).await, 1);
    client
        .set_config(Action::VerifyAndCommit, Some(config()))
        .await
        .unwrap();
    assert_eq!(entries(&mut client).await, 0);
}

#[tokio::test]
async fn writes_to_a_saved_config_take_effect_at_its_commit() {
    let pipeline = Small::new();
    let (address, _server) = serve(Arc::clone(&pipeline)).await;
    let mut client = Client::primary(address).await;
    let in_pipeline = || {
        let mut count = 0;
        let filter = dpr_runtime::EntryFilter::All;
        pipeline.read(
            &Query::Tables {
                table: Some(ROUTES),
                filter,
            },
            &mut |_| count += 1,
        );
        count
    };
    let insert = v1::update::Type::Insert;
    let entry = |dst| v1::entity::Entity::TableEntry(route(dst, 1, 1));
    for dst in [1, 2] {
        client.write_one(insert, entry(dst)).await.unwrap();
    }
    client
        .set_config(Action::VerifyAndSave, Some(config()))
        .await
        .unwrap();
    assert_eq!(entries(&mut client).await, 0);
    client.write_one(insert, entry(9)).await.unwrap();
    let (code, _) = client.write_one(insert, entry(9)).await.unwrap_err();
    assert_eq!(code, Code::AlreadyExists);
    assert_eq!((entries(&mut client).await, in_pipeline()), (1, 2));
    let status = client
        .set_config(Action::Commit, Some(config()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    client.set_config(Action::Commit, None).await.unwrap();
    assert_eq!((entries(&mut client).await, in_pipeline()), (1, 1));
    let status = client.set_config(Action::Commit, None).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}
