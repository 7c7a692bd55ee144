//! Writes what crosses the links to a pcapng file (IETF draft-ietf-opsawg-pcapng), one interface per link.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};

/// Timestamps are written as powers of ten: 10^-9 s.
const NANOSECONDS: u8 = 9;

/// A capture file being written.
pub struct Capture {
    writer: PcapNgWriter<BufWriter<File>>,
    began: Duration,
    failed: Option<pcap_file::PcapError>,
}

impl Capture {
    /// Creates the file and describes the links, in the order of their numbers.
    pub fn create<'a>(
        path: &Path,
        links: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = File::create(path)
            .with_context(|| format!("cannot create the capture file {shown}"))?;
        let mut writer = PcapNgWriter::new(BufWriter::new(file))
            .with_context(|| format!("cannot write to {shown}"))?;
        for name in links {
            let interface = InterfaceDescriptionBlock {
                linktype: DataLink::ETHERNET,
                snaplen: 0,
                options: vec![
                    InterfaceDescriptionOption::IfName(Cow::Owned(name.to_owned())),
                    InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
                ],
            };
            writer
                .write_pcapng_block(interface)
                .with_context(|| format!("cannot write to {shown}"))?;
        }
        let began = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(Self {
            writer,
            began,
            failed: None,
        })
    }

    /// Records a frame that was sent on a link, `now_us` after the start. After an error nothing more is written.
    pub fn record(&mut self, link: usize, now_us: u64, frame: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let packet = EnhancedPacketBlock {
            interface_id: link as u32,
            timestamp: self.began + Duration::from_micros(now_us),
            original_len: frame.len() as u32,
            data: Cow::Borrowed(frame),
            options: Vec::new(),
        };
        self.failed = self.writer.write_pcapng_block(packet).err();
    }

    /// Writes out what is buffered; the first error there was.
    pub fn finish(mut self) -> anyhow::Result<()> {
        if let Some(error) = self.failed {
            return Err(error).context("the capture file is incomplete");
        }
        self.writer
            .get_mut()
            .flush()
            .context("the capture file is incomplete")
    }
}
