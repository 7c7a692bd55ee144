//! Meters, of arrays and of entries.

use super::target::{Target, operands, targets};
use dpr_p4runtime::convert::entity_to_proto;
use dpr_p4runtime::v1;
use dpr_runtime::{Entity, EntryFilter, MeterConfig, Query, TableEntry};
use tonic::Code;
use v1::entity::Entity as Kind;

/// A packet that is green and one that is yellow; all others are red, however late they come.
const TWO: MeterConfig = MeterConfig {
    cir: 0,
    cburst: 1,
    pir: 0,
    pburst: 2,
};

/// The colours of packets with this left operand.
async fn colors<const N: usize>(target: &mut Target, left: u16) -> [u8; N] {
    let mut colors = [9; N];
    for color in &mut colors {
        target.send(4, &operands(left, 0, 0x0707_0707));
        let packet = target.receive(1).await;
        *color = packet[7];
    }
    colors
}

#[tokio::test]
async fn meters_colour_packets() {
    for mut target in targets("meters").await {
        let meter = target.program.meters[0].id;
        let cell = |index, config| Entity::Meter {
            meter,
            index,
            config,
        };
        assert_eq!(target.modify(&cell(2, Some(TWO))).await, Code::Ok);
        assert_eq!(colors(&mut target, 2).await, [0, 1, 2, 2]);
        assert_eq!(colors(&mut target, 3).await, [0, 0]);
        let query = |index| Query::Meters {
            meter: Some(meter),
            index,
        };
        let found = target.read(query(Some(2))).await;
        assert_eq!(found, Ok(vec![cell(2, Some(TWO))]));
        let everything = Query::Meters {
            meter: None,
            index: None,
        };
        for all in [query(None), everything] {
            let found = target.read(all).await.unwrap();
            assert_eq!(found.len(), 4);
            assert_eq!(found[1], cell(1, None));
        }
        assert_eq!(target.read(query(Some(4))).await, Err(Code::OutOfRange));
        // Without index it is about all cells, without config everything is green.
        let all = |config: Option<MeterConfig>| {
            let mut message = entity_to_proto(&cell(0, config));
            if let Some(Kind::MeterEntry(entry)) = &mut message.entity {
                entry.index = None;
            }
            message
        };
        let modify = v1::update::Type::Modify;
        assert_eq!(target.write_raw(modify, all(Some(TWO))).await, Code::Ok);
        assert_eq!(colors(&mut target, 1).await, [0, 1, 2]);
        assert_eq!(target.write_raw(modify, all(None)).await, Code::Ok);
        assert_eq!(colors(&mut target, 1).await, [0, 0, 0]);

        let slow = MeterConfig { cir: 1, ..TWO };
        let backwards = cell(0, Some(slow));
        assert_eq!(target.modify(&backwards).await, Code::InvalidArgument);
        assert_eq!(target.modify(&cell(4, None)).await, Code::OutOfRange);
        assert_eq!(target.insert(&cell(0, None)).await, Code::InvalidArgument);
        let mut counting = entity_to_proto(&cell(0, None));
        if let Some(Kind::MeterEntry(entry)) = &mut counting.entity {
            entry.counter_data = Some(v1::MeterCounterData::default());
        }
        let code = target.write_raw(modify, counting.clone()).await;
        assert_eq!(code, Code::Unimplemented);
        assert_eq!(target.read_raw(counting).await, Err(Code::Unimplemented));
    }
}

#[tokio::test]
async fn entries_have_meters_of_their_own() {
    for mut target in targets("direct_meters").await {
        let entry = TableEntry {
            meter: Some(TWO),
            ..target.entry("by_left", 2, target.call("measure", &[]))
        };
        let key = TableEntry {
            action: None,
            meter: None,
            ..entry.clone()
        };
        let green = target.entry("by_left", 3, target.call("measure", &[]));
        assert_eq!(target.insert(&Entity::Table(entry.clone())).await, Code::Ok);
        assert_eq!(target.insert(&Entity::Table(green)).await, Code::Ok);
        assert_eq!(colors(&mut target, 2).await, [0, 1, 2]);
        assert_eq!(colors(&mut target, 3).await, [0, 0, 0]);
        assert_eq!(colors(&mut target, 4).await, [7]);

        // A read tells the configuration if it is asked for it.
        for asked in [true, false] {
            let request = v1::TableEntry {
                table_id: entry.table,
                r#match: vec![dpr_p4runtime::convert::field_match_to_proto(
                    &entry.matches[0],
                )],
                meter_config: asked.then(v1::MeterConfig::default),
                ..v1::TableEntry::default()
            };
            let request = v1::Entity {
                entity: Some(Kind::TableEntry(request)),
            };
            let found = target.read_raw(request).await.unwrap();
            let expected = TableEntry {
                meter: asked.then_some(TWO),
                ..entry.clone()
            };
            assert_eq!(found, [entity_to_proto(&Entity::Table(expected))]);
        }
        let direct = |config| Entity::DirectMeter {
            entry: key.clone(),
            config,
        };
        assert_eq!(target.modify(&direct(Some(TWO))).await, Code::Ok);
        assert_eq!(colors(&mut target, 2).await, [0, 1, 2]);
        let whole_table = entity_to_proto(&Entity::DirectMeter {
            entry: TableEntry {
                table: entry.table,
                ..TableEntry::default()
            },
            config: None,
        });
        let found = target.read_raw(whole_table).await.unwrap();
        assert_eq!(found.len(), 2);
        let found = target.read_raw(entity_to_proto(&direct(None))).await;
        assert_eq!(found, Ok(vec![entity_to_proto(&direct(Some(TWO)))]));
        assert_eq!(target.modify(&direct(None)).await, Code::Ok);
        assert_eq!(colors(&mut target, 2).await, [0, 0, 0]);
        assert_eq!(target.insert(&direct(None)).await, Code::InvalidArgument);
        let nowhere = Entity::DirectMeter {
            entry: TableEntry {
                action: None,
                ..target.entry("by_left", 9, target.call("measure", &[]))
            },
            config: None,
        };
        assert_eq!(target.modify(&nowhere).await, Code::NotFound);
        let found = target.read_raw(entity_to_proto(&nowhere)).await;
        assert_eq!(found, Err(Code::NotFound));
        // A modification without configuration makes everything green.
        assert_eq!(target.modify(&Entity::Table(entry.clone())).await, Code::Ok);
        assert_eq!(colors(&mut target, 2).await, [0, 1, 2]);
        let reset = TableEntry {
            meter: None,
            ..entry
        };
        assert_eq!(target.modify(&Entity::Table(reset)).await, Code::Ok);
        assert_eq!(colors(&mut target, 2).await, [0, 0, 0]);
        let all = Query::Tables {
            table: None,
            filter: EntryFilter::All,
        };
        assert_eq!(target.read(all).await.unwrap().len(), 2);
    }
}
