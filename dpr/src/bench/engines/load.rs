//! The programs that are measured, with their entries and packets.

use anyhow::{Context, anyhow, ensure};
use dpr_codegen::source::{NoFiles, SourceMap};
use dpr_codegen::{Goal, PreprocessorOptions, compile_for};
use dpr_p4::host_stage;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use dpr_runtime::{Ingress, Packet, Pipeline, Verdict, Worker};
use dpr_stf::Control;
use dpr_switch::bmv2::Engine;
use std::fmt::Write;
use std::path::Path;

use crate::bench::packets::Flow;
use crate::bench::scenario::{self, Scenario};
use crate::p4rt;
use crate::program::config_of;

const LPM_ROUTER: &str = include_str!("lpm_router.p4");

/// Prefixes of the router, besides the one that packets take.
const ROUTES: u32 = 256;

/// A program with what it is measured with.
pub struct Load {
    /// The program.
    pub name: &'static str,
    /// Its P4Info and JSON.
    pub config: ForwardingPipelineConfig,
    /// The entries in STF's words, where they have no types of their own.
    commands: String,
    /// The other entries, and the packets.
    pub scenario: Scenario,
}

impl Load {
    /// Both programs; `flows` flows each.
    pub fn all(flows: u32) -> anyhow::Result<[Self; 2]> {
        Ok([Load::lpm_router(flows)?, Load::host_stage(flows)?])
    }

    fn lpm_router(flows: u32) -> anyhow::Result<Self> {
        let mut sources = SourceMap::new(NoFiles);
        sources.add("lpm_router.p4", LPM_ROUTER.to_owned());
        let goals = [Goal::Bmv2Json, Goal::P4InfoBinary];
        let options = PreprocessorOptions::default();
        let outcomes = compile_for(sources, Path::new("lpm_router.p4"), &options, &goals);
        let outputs = outcomes.outputs.and_then(|both| both.try_into().ok());
        let [json, p4info]: [Vec<u8>; 2] = outputs.context("lpm_router.p4 has errors")?;
        let mut commands = String::from(
            "add routes headers.ipv4.dst:0xc6330000/16 forward(port:2, src:0x20000000201, dst:0x20000000202)\n",
        );
        for number in 0..ROUTES {
            let prefix = 0x1400_0000 | number << 8;
            writeln!(
                commands,
                "add routes headers.ipv4.dst:{prefix:#x}/24 forward(port:3, src:1, dst:{number})"
            )?;
        }
        let packets = (0..flows).map(|number| Flow::numbered(number).segment(0x0200_0000_0200));
        Ok(Load {
            name: "lpm_router",
            config: config_of(json, &p4info)?,
            commands,
            scenario: Scenario {
                name: "LPM router",
                updates: Vec::new(),
                packets: packets.collect(),
                port: 1,
                out: &[2],
            },
        })
    }

    fn host_stage(flows: u32) -> anyhow::Result<Self> {
        let scenario = scenario::host_stage(flows).into_iter().next();
        Ok(Load {
            name: "host_stage",
            config: config_of(host_stage::BMV2_JSON.into(), &host_stage::PROGRAM.p4info)?,
            commands: String::new(),
            scenario: scenario.context("the host stage has a first case")?,
        })
    }

    /// Its JSON's engine, filled.
    pub fn engine(&self) -> anyhow::Result<Engine> {
        let engine = Engine::load(&self.config.p4_device_config, self.config.p4info.as_ref())?;
        self.fill(&engine as &dyn Pipeline)?;
        self.scenario.check(&engine)?;
        Ok(engine)
    }

    /// Writes the entries.
    pub fn fill(&self, control: impl Control) -> anyhow::Result<()> {
        for update in &self.scenario.updates {
            let written = control.write(update);
            written.map_err(|refusal| anyhow!("{refusal}: {update:?}"))?;
        }
        p4rt::carry_out(&self.commands, self.name, control, &mut std::io::sink())
    }

    /// What becomes of the first packets: each with the frame that leaves for it.
    pub fn examples(&self, count: usize) -> anyhow::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let engine = self.engine()?;
        let mut worker = Worker::seeded(0);
        let ingress = Ingress {
            port: self.scenario.port,
            now_us: 0,
        };
        let packets = self.scenario.packets.iter().take(count);
        let examples = packets.map(|bytes| {
            let mut packet = Packet::from_bytes(bytes);
            let verdict = engine.process(&mut worker, ingress, &mut packet);
            ensure!(matches!(verdict, Verdict::Send { .. }), "{verdict:?}");
            Ok((bytes.to_vec(), packet.bytes().to_vec()))
        });
        examples.collect()
    }
}
