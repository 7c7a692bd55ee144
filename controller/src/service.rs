//! The controller as a service: one task owns the core, and the sockets are around it.

mod actor;
mod admin;
mod reload;
mod shims;
mod state;
mod text;

use crate::{config::Config, core::Group};
use actor::{Actor, Mailbox};
use dpr_protocol::{
    admin::v1::admin_server::AdminServer, shim::v1::shim_service_server::ShimServiceServer,
};
use reload::Reloader;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tonic::transport::{Server, server::TcpIncoming};

pub use reload::ReloadError;
pub use state::StateError;

/// What a controller is run with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it controls.
    pub group: Group,
    /// Where it listens for shims; port 0 lets the system choose.
    pub shims: SocketAddr,
    /// Where it listens for operators.
    pub admin: SocketAddr,
    /// Where operators' changes are kept, if they are.
    pub state_file: Option<PathBuf>,
    /// The configuration, and the file that it is read again from; without it that cannot be.
    pub config: Option<(PathBuf, Config)>,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Settings {
            group: config.to_group(),
            shims: config.shim_address(),
            admin: config.admin_address(),
            state_file: config.state_file.clone(),
            config: None,
        }
    }
}

/// Why a controller does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The state file is of no use.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A running controller. It ends when this is dropped, or by [`Controller::stop`].
#[derive(Debug)]
pub struct Controller {
    shims: SocketAddr,
    admin: SocketAddr,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
    operators: admin::Operators,
}

const KEEP_ALIVE: Duration = Duration::from_secs(5);

impl Controller {
    /// Starts one. Must be called on a tokio runtime.
    pub async fn start(mut settings: Settings) -> Result<Controller, StartError> {
        let configured = Arc::new(Mutex::new(settings.group.clone()));
        if let Some(file) = &settings.state_file {
            state::overlay(file, &mut settings.group)?;
        }
        let (shim_listener, shims) = listen(settings.shims).await?;
        let (admin_listener, admin) = listen(settings.admin).await?;
        let (stop, stopped) = watch::channel(false);
        let mailbox = Mailbox::new();
        let mut tasks = JoinSet::new();
        let shim_service = ShimServiceServer::new(shims::Shims::new(mailbox.sender()))
            .max_decoding_message_size(dpr_p4runtime::channel::MAX_MESSAGE_BYTES);
        let reloader = settings
            .config
            .take()
            .map(|(file, config)| Reloader::new(file, config, configured.clone()));
        let operators = admin::Operators::new(mailbox.sender(), reloader);
        let admin_service = AdminServer::new(operators.clone());
        let shim_server = server().add_service(shim_service);
        let admin_server = server().add_service(admin_service);
        for (name, router, listener) in [
            ("shims", shim_server, shim_listener),
            ("operators", admin_server, admin_listener),
        ] {
            let stopped = until(stopped.clone());
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            tasks.spawn(async move {
                if let Err(error) = router.serve_with_incoming_shutdown(incoming, stopped).await {
                    tracing::error!(%error, "the server for {name} ended");
                }
            });
        }
        // A controller that starts later is the one that is meant.
        let election_id = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| since.as_micros().max(1));
        let actor = Actor::new(settings, configured, election_id, mailbox);
        let stopped = until(stopped);
        tasks.spawn(async move {
            tokio::select! {
                () = actor.run() => {}
                () = stopped => {}
            }
        });
        Ok(Controller {
            shims,
            admin,
            tasks,
            stop,
            operators,
        })
    }

    /// Reads the configuration file again; says what changed, a line each. On an error nothing has.
    pub async fn reload(&self) -> Result<Vec<String>, ReloadError> {
        self.operators.reload_file().await
    }

    /// Where shims find it.
    pub fn shim_address(&self) -> SocketAddr {
        self.shims
    }

    /// Where operators find it.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// Ends it. What the stages hold stays.
    pub async fn stop(mut self) {
        // Every receiver may be gone already.
        let _ = self.stop.send(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Streams of shims end with the core; clients that keep a connection open are not waited for.
        let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
        self.tasks.abort_all();
    }
}

fn server() -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error says that the controller was dropped: that ends it too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
