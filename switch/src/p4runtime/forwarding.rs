//! The forwarding-pipeline configuration: P4Runtime specification, sections on the RPCs `SetForwardingPipelineConfig` and
//! `GetForwardingPipelineConfig`. Where the program is part of the pipeline, a configuration can only name it; a device with a
//! [`Loader`] runs whatever program a configuration brings.

use super::saved::Saved;
use super::write::Annotations;
use crate::PipelineSlot;
use dpr_p4runtime::config::P4Info;
use dpr_p4runtime::v1::ForwardingPipelineConfig;
use dpr_p4runtime::v1::get_forwarding_pipeline_config_request::ResponseType;
use dpr_p4runtime::v1::set_forwarding_pipeline_config_request::Action;
use dpr_runtime::{
    Entity, EntryFilter, Operation, Pipeline, ProgramInfo, Query, Update, WriteError,
};
use std::fmt::Write as _;
use std::sync::Arc;
use tonic::Status;

/// Makes pipelines of what configurations bring.
pub trait Loader: Send + Sync {
    /// The pipeline of a device config; the error says what is wrong with it.
    fn load(&self, device_config: &[u8], p4info: &P4Info) -> Result<Arc<dyn Pipeline>, String>;
}

/// Where a loaded program runs.
#[derive(Clone)]
pub struct Loading {
    /// Reads programs.
    pub loader: Arc<dyn Loader>,
    /// The switch's.
    pub slot: PipelineSlot,
}

/// A configuration that is saved and not committed.
struct SavedConfig {
    config: ForwardingPipelineConfig,
    tables: Saved,
    /// What is to run, if it is not what runs.
    pipeline: Option<Arc<dyn Pipeline>>,
}

/// What the control plane has put into a device: all that a Write, a Read or a configuration touches, the pipeline's tables
/// through it.
pub struct Forwarding {
    pipeline: Arc<dyn Pipeline>,
    p4info: Arc<P4Info>,
    committed: Option<ForwardingPipelineConfig>,
    saved: Option<SavedConfig>,
    loading: Option<Loading>,
    annotations: Annotations,
    saved_annotations: Annotations,
}

impl Forwarding {
    /// Without a configuration.
    pub fn new(pipeline: Arc<dyn Pipeline>, p4info: Arc<P4Info>) -> Self {
        Forwarding {
            pipeline,
            p4info,
            committed: None,
            saved: None,
            loading: None,
            annotations: Annotations::default(),
            saved_annotations: Annotations::default(),
        }
    }

    /// What Reads are about: the saved configuration's tables while there are some, else the pipeline.
    pub fn target(&self) -> Result<(&dyn Pipeline, &Annotations), Status> {
        match (&self.saved, &self.committed) {
            (Some(saved), _) => Ok((&saved.tables, &self.saved_annotations)),
            (None, Some(_)) => Ok((self.pipeline.as_ref(), &self.annotations)),
            (None, None) => Err(not_configured()),
        }
    }

    /// What packets meet, if a configuration is committed.
    pub fn running(&self) -> Option<(&dyn Pipeline, &Annotations)> {
        self.committed.as_ref()?;
        Some((self.pipeline.as_ref(), &self.annotations))
    }

    /// What Writes are about: the same.
    pub fn target_mut(&mut self) -> Result<(&dyn Pipeline, &mut Annotations), Status> {
        match (&self.saved, &self.committed) {
            (Some(saved), _) => Ok((&saved.tables, &mut self.saved_annotations)),
            (None, Some(_)) => Ok((self.pipeline.as_ref(), &mut self.annotations)),
            (None, None) => Err(not_configured()),
        }
    }

    /// The same for a device that runs what configurations bring.
    pub fn loading(mut self, loading: Loading) -> Self {
        self.loading = Some(loading);
        self
    }

    /// The P4Info of the program that runs.
    pub fn p4info(&self) -> &Arc<P4Info> {
        &self.p4info
    }

    /// Forgets everything, tables included.
    pub fn reset(&mut self) {
        self.pipeline.clear();
        let loading = self.loading.take();
        *self = Forwarding::new(Arc::clone(&self.pipeline), Arc::clone(&self.p4info));
        self.loading = loading;
    }

    /// Makes another pipeline run.
    fn install(&mut self, pipeline: Arc<dyn Pipeline>, config: ForwardingPipelineConfig) {
        if let Some(loading) = &self.loading {
            loading.slot.replace(Arc::clone(&pipeline));
        }
        self.pipeline = pipeline;
        self.p4info = Arc::new(config.p4info.clone().unwrap_or_default());
        self.saved = None;
        self.committed = Some(config);
    }

    /// `SetForwardingPipelineConfig` with a program.
    fn set_program(
        &mut self,
        loading: &Loading,
        action: Action,
        config: ForwardingPipelineConfig,
    ) -> Result<(), Status> {
        let p4info = config.p4info.as_ref();
        let p4info = p4info.ok_or_else(|| Status::invalid_argument("p4info is not set"))?;
        let fresh = loading
            .loader
            .load(&config.p4_device_config, p4info)
            .map_err(|error| Status::invalid_argument(format!("p4_device_config: {error}")))?;
        match action {
            Action::VerifyAndSave => {
                self.saved = Some(SavedConfig {
                    config,
                    tables: Saved::new(fresh.program()),
                    pipeline: Some(fresh),
                });
                self.saved_annotations = Annotations::default();
            }
            Action::VerifyAndCommit => {
                self.install(fresh, config);
                self.annotations = Annotations::default();
            }
            Action::ReconcileAndCommit => {
                let same = self.committed.as_ref().is_some_and(|committed| {
                    committed.p4_device_config == config.p4_device_config
                        && committed.p4info == config.p4info
                });
                if same {
                    self.saved = None;
                    self.committed = Some(config);
                } else {
                    reconcile(self.pipeline.as_ref(), fresh.as_ref())?;
                    self.install(fresh, config);
                }
            }
            Action::Verify | Action::Commit | Action::Unspecified => {}
        }
        Ok(())
    }

    /// `SetForwardingPipelineConfig`, once it is known that the client may.
    pub fn set(
        &mut self,
        action: Action,
        config: Option<ForwardingPipelineConfig>,
    ) -> Result<(), Status> {
        if action == Action::Commit {
            return self.commit(config);
        }
        if action == Action::Unspecified {
            return Err(Status::invalid_argument("action is not set"));
        }
        let config = config.ok_or_else(|| Status::invalid_argument("config is not set"))?;
        if let Some(loading) = self.loading.clone() {
            return self.set_program(&loading, action, config);
        }
        check_program(self.pipeline.program(), &self.p4info, &config)
            .map_err(Status::invalid_argument)?;
        match action {
            Action::VerifyAndSave => {
                self.saved = Some(SavedConfig {
                    config,
                    tables: Saved::new(self.pipeline.program()),
                    pipeline: None,
                });
                self.saved_annotations = Annotations::default();
            }
            Action::VerifyAndCommit => {
                self.reset();
                self.committed = Some(config);
            }
            // The program is the same, so that all state is kept.
            Action::ReconcileAndCommit => {
                self.saved = None;
                self.committed = Some(config);
            }
            Action::Verify | Action::Commit | Action::Unspecified => {}
        }
        Ok(())
    }

    fn commit(&mut self, config: Option<ForwardingPipelineConfig>) -> Result<(), Status> {
        if config.is_some() {
            return Err(Status::invalid_argument(
                "COMMIT takes no config: it commits the one that VERIFY_AND_SAVE saved",
            ));
        }
        let saved = self.saved.take().ok_or_else(|| {
            Status::not_found("no config is saved: VERIFY_AND_SAVE comes before COMMIT")
        })?;
        let target = saved.pipeline.as_ref().unwrap_or(&self.pipeline);
        target.clear();
        for update in saved.tables.into_journal() {
            target.write(&update).map_err(|error| {
                Status::internal(format!(
                    "a write to the saved config cannot be repeated: {error}"
                ))
            })?;
        }
        self.annotations = std::mem::take(&mut self.saved_annotations);
        match saved.pipeline {
            Some(pipeline) => self.install(pipeline, saved.config),
            None => self.committed = Some(saved.config),
        }
        Ok(())
    }

    /// `GetForwardingPipelineConfig`.
    pub fn get(&self, response_type: ResponseType) -> Option<ForwardingPipelineConfig> {
        let config = self.committed.as_ref()?;
        let (p4info, device_config) = match response_type {
            ResponseType::All => (true, true),
            ResponseType::CookieOnly => (false, false),
            ResponseType::P4infoAndCookie => (true, false),
            ResponseType::DeviceConfigAndCookie => (false, true),
        };
        Some(ForwardingPipelineConfig {
            p4info: config.p4info.as_ref().filter(|_| p4info).cloned(),
            p4_device_config: if device_config {
                config.p4_device_config.clone()
            } else {
                Vec::new()
            },
            cookie: config.cookie,
        })
    }
}

/// Writes what one pipeline holds into another one, whose program is another.
fn reconcile(from: &dyn Pipeline, to: &dyn Pipeline) -> Result<(), Status> {
    let entries = |filter| Query::Tables {
        table: None,
        filter,
    };
    let queries = [
        (Query::MulticastGroups { id: None }, Operation::Insert),
        (Query::CloneSessions { id: None }, Operation::Insert),
        (
            Query::Members {
                profile: None,
                id: None,
            },
            Operation::Insert,
        ),
        (
            Query::Groups {
                profile: None,
                id: None,
            },
            Operation::Insert,
        ),
        (entries(EntryFilter::All), Operation::Insert),
        (entries(EntryFilter::Default), Operation::Modify),
    ];
    for (query, operation) in queries {
        let mut refused = None;
        from.read(&query, &mut |entity| {
            if let Entity::Table(entry) = &entity {
                let table = from.program().table(entry.table);
                let is_const = table.is_some_and(|table| match entry.is_default {
                    true => table.const_default,
                    false => table.const_entries,
                });
                if is_const {
                    return;
                }
            }
            match to.write(&Update { operation, entity }) {
                // Entries of the program are there already.
                Ok(()) | Err(WriteError::AlreadyExists) => {}
                Err(error) => refused = refused.take().or(Some(error)),
            }
        });
        if let Some(error) = refused {
            return Err(Status::failed_precondition(format!(
                "the state of the program before cannot be kept: {error}"
            )));
        }
    }
    Ok(())
}

fn not_configured() -> Status {
    Status::failed_precondition("no forwarding pipeline configuration has been set")
}

/// Whether a configuration is the program's own.
fn check_program(
    program: &ProgramInfo,
    own: &P4Info,
    config: &ForwardingPipelineConfig,
) -> Result<(), String> {
    let name = &program.name;
    if config.p4_device_config != program.digest {
        return Err(format!(
            "this target is compiled from {name} and runs nothing else: p4_device_config is to be its digest {}, not {}",
            hex(&program.digest),
            match config.p4_device_config.len() {
                0 => "empty".to_owned(),
                32 => hex(&config.p4_device_config),
                length => format!("{length} bytes"),
            }
        ));
    }
    let given = config.p4info.as_ref().ok_or("p4info is not set")?;
    match difference(own, given) {
        None => Ok(()),
        Some(part) => Err(format!(
            "the p4info is not that of {name}, which this target is compiled from: {part} differ"
        )),
    }
}

/// The first part in which two P4Infos differ; what describes the package is no matter.
fn difference(own: &P4Info, given: &P4Info) -> Option<&'static str> {
    let parts = [
        ("tables", own.tables == given.tables),
        ("actions", own.actions == given.actions),
        (
            "action profiles",
            own.action_profiles == given.action_profiles,
        ),
        ("counters", own.counters == given.counters),
        (
            "direct counters",
            own.direct_counters == given.direct_counters,
        ),
        ("meters", own.meters == given.meters),
        ("direct meters", own.direct_meters == given.direct_meters),
        (
            "controller packet headers",
            own.controller_packet_metadata == given.controller_packet_metadata,
        ),
        ("value sets", own.value_sets == given.value_sets),
        ("registers", own.registers == given.registers),
        ("digests", own.digests == given.digests),
        ("externs", own.externs == given.externs),
        ("types", own.type_info == given.type_info),
    ];
    parts.iter().find(|(_, same)| !same).map(|(part, _)| *part)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
