//! `lastmeter serve`: the engine behind its API, until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::ids::ActorId;
use event_log::EventLog;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use runtime::clock::{Clock, SystemClock};
use runtime::photos::Photos;
use runtime::snapshot::Snapshots;
use runtime::vault::Vault;
use runtime::{Engine, Parts, codec, community_file};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use crate::Failure;
use crate::cli::{LogFormat, Serve};
use crate::config::{Config, ConfiguredWebhook};
use crate::data::{Files, Log};
use crate::tls::TlsSource;

/// How often a snapshot of the views is written while the engine runs.
const SNAPSHOT_EVERY: Duration = Duration::from_mins(5);
/// How often pictures are looked through for those whose time is over.
const FORGET_PHOTOS_EVERY: Duration = Duration::from_hours(1);
/// How long open requests may take to end when the engine stops.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// The engine cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else has the address.
    #[error(
        "{address} is in use: stop the other program, or choose another with --listen or --port"
    )]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be had.
    #[error("{address} cannot be served")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Two ways to the same log.
    #[error(
        "--kurrent-listen serves the embedded log; clients of a cluster connect to the cluster"
    )]
    FaceOfCluster,
    /// A webhook of the configuration cannot be set.
    #[error("the webhook {webhook} of the configuration: {problem}")]
    Webhook {
        /// The webhook.
        webhook: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A community's file cannot be loaded.
    #[error("the community file {path}: {problem}")]
    Community {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// A served engine.
pub struct Served {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The address it is served on.
    pub address: SocketAddr,
    webhooks: api::Webhooks,
    stop: Option<oneshot::Sender<()>>,
    serving: tokio::task::JoinHandle<io::Result<()>>,
    snapshotting: tokio::task::JoinHandle<()>,
    forgetting: tokio::task::JoinHandle<()>,
}

/// What an engine is served from.
pub struct Source {
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The keys.
    pub vault: Arc<Vault>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where snapshots lie.
    pub snapshots: Option<Snapshots>,
    /// How long closed pieces and runs stay in memory.
    pub closed_kept: jiff::SignedDuration,
    /// How `/graphql` is served.
    pub graphql: api::GraphqlSettings,
    /// How webhooks are kept and sent.
    pub webhooks: api::WebhookSettings,
    /// The pictures of pieces.
    pub photos: Arc<Photos>,
}

impl Served {
    /// Starts an engine and serves it. The address is taken first, so that one that is in use is
    /// told at once.
    ///
    /// # Errors
    /// [`ServeError`], or what the engine reports.
    pub async fn start(
        source: Source,
        address: SocketAddr,
        tls: Option<&TlsSource>,
    ) -> Result<Self, Failure> {
        let listener = bind(address).await?;
        let address = listener.local_addr()?;
        let Source { log, vault, clock, snapshots, closed_kept, graphql, webhooks, photos } =
            source;
        let views = api::LiveViews::keeping(closed_kept);
        let webhooks = api::Webhooks::open(&webhooks)?;
        let observers: Vec<Box<dyn runtime::views::Observer>> = vec![views.observer()];
        let engine = Engine::start(Parts { log, clock, vault, snapshots, observers }).await?;
        views.rebuild(Arc::clone(engine.log()), engine.progress().position);
        webhooks.start(&engine);
        let hooks = webhooks.clone();
        let app = api::App::new(api::Parts {
            engine: Arc::clone(&engine),
            views,
            wrong_pins: api::WrongPins::default(),
            metrics: metrics(),
            graphql,
            webhooks,
            photos: Arc::clone(&photos),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            drop(stopped.await);
        };
        let serving = match tls {
            Some(source) => {
                let tls = source.open(address)?;
                tokio::spawn(api::serve_tls(listener, app, tls, stopped))
            }
            None => tokio::spawn(api::serve(listener, app, stopped)),
        };
        let snapshotting = tokio::spawn(keep_snapshots(Arc::clone(&engine)));
        let forgetting = tokio::spawn(forget_photos(Arc::clone(&engine), photos));
        let webhooks = hooks;
        Ok(Self { engine, address, webhooks, stop: Some(stop), serving, snapshotting, forgetting })
    }

    /// Stops taking requests, lets the open ones end, and writes a last snapshot.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // Nobody waits any more when serving has ended by itself.
            stop.send(()).unwrap_or_default();
        }
        if tokio::time::timeout(DRAIN_MAX, &mut self.serving).await.is_err() {
            tracing::warn!("some requests did not end in time");
            self.serving.abort();
        }
        self.webhooks.stop();
        self.snapshotting.abort();
        self.forgetting.abort();
        snapshot(&self.engine);
    }
}

async fn keep_snapshots(engine: Arc<Engine>) {
    let mut last = engine.progress().position;
    loop {
        tokio::time::sleep(SNAPSHOT_EVERY).await;
        let position = engine.progress().position;
        if position != last {
            last = position;
            let engine = Arc::clone(&engine);
            drop(tokio::task::spawn_blocking(move || snapshot(&engine)).await);
        }
    }
}

/// Throws pictures away when their time is over, at the start and every hour.
async fn forget_photos(engine: Arc<Engine>, photos: Arc<Photos>) {
    loop {
        let (now, photos) = (engine.clock().now(), Arc::clone(&photos));
        match tokio::task::spawn_blocking(move || photos.forget(now)).await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(count)) => tracing::info!(count, "pictures were thrown away: their time is over"),
            Ok(Err(error)) => tracing::warn!(%error, "pictures could not be thrown away"),
        }
        tokio::time::sleep(FORGET_PHOTOS_EVERY).await;
    }
}

fn snapshot(engine: &Engine) {
    if let Err(error) = engine.snapshot() {
        // A snapshot is a cache: the next start takes longer, and nothing is lost.
        tracing::warn!(%error, "no snapshot could be written");
    }
}

/// Records metrics, once in a process.
fn metrics() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).clone()
}

/// Writes log lines to standard error, of the `usual` severity unless `RUST_LOG` chooses another.
pub(crate) fn start_logging(format: LogFormat, usual: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // Somebody else in this process writes log lines already; that is as good.
    drop(started);
}

/// Runs `lastmeter serve`.
pub(crate) fn run(options: Serve) -> Result<ExitCode, Failure> {
    let config = Config::of(options)?;
    start_logging(config.log_format, "info");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let log = runtime.block_on(serve(&config))?;
    drop(runtime);
    log.close();
    Ok(ExitCode::SUCCESS)
}

/// Serves until it is told to stop; gives the log back to be closed last.
async fn serve(config: &Config) -> Result<Log, Failure> {
    let mut files = Files::of(&config.data);
    if let Some(keys) = &config.keys {
        files.keys.clone_from(keys);
    }
    let log = match &config.event_log {
        Some(_) if config.kurrent_listen.is_some() => return Err(ServeError::FaceOfCluster.into()),
        Some((url, cluster)) => {
            files.make_folder()?;
            Log::on_cluster(url, cluster).await?
        }
        None => Log::Embedded(Arc::new(files.open_log()?)),
    };
    let source = Source {
        log: log.shared(),
        vault: files.open_vault()?,
        clock: Arc::new(SystemClock),
        snapshots: Some(Snapshots::in_folder(&files.folder)),
        closed_kept: config.closed_kept,
        graphql: api::GraphqlSettings { explorer: config.graphiql, ..Default::default() },
        webhooks: api::WebhookSettings {
            file: Some(config.data.join("webhooks.json")),
            allow_private: config.webhooks_allow_private,
        },
        photos: files.open_photos()?,
    };
    let tls = config.tls.clone().map(|choice| TlsSource { choice, folder: files.folder.clone() });
    let served = Served::start(source, config.listen, tls.as_ref()).await?;
    let face = match config.kurrent_listen {
        Some(address) => {
            let tls = tls.as_ref().map(TlsSource::of_face).transpose()?;
            Some(face(log.shared(), address, config.kurrent_write, tls).await?)
        }
        None => None,
    };
    for path in &config.communities {
        load_community(&served.engine, path).await?;
    }
    for hook in &config.webhooks {
        set_webhook(&served.webhooks, hook.clone())?;
    }
    // Before anybody is told that it serves: who knows may ask it to end.
    let stop = Stop::listen()?;
    tracing::info!(address = %served.address, data = %config.data.display(), "serving");
    // Nobody who is not systemd listens; then this says nothing.
    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    stop.wait().await;
    tracing::info!("stopping");
    drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    if let Some(face) = face {
        face.stop().await;
    }
    served.stop().await;
    Ok(log)
}

/// Serves the log over the KurrentDB protocol, for clients of other programs.
async fn face(
    log: Arc<dyn EventLog>,
    address: SocketAddr,
    writable: bool,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> Result<kurrent_face::Face, Failure> {
    let listener = bind(address).await?;
    let options = kurrent_face::Options {
        clock: Arc::new(|| SystemClock.now()),
        writable,
        owned: Some(Arc::new(codec::is_own_stream)),
        append_bytes_max: kurrent_face::APPEND_BYTES_MAX,
        tls,
    };
    let face = kurrent_face::Face::serve(log, listener, options)?;
    tracing::info!(address = %face.address, writable, "serving the log over KurrentDB's protocol");
    Ok(face)
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            ServeError::InUse { address }
        } else {
            ServeError::Address { address, source }
        }
    })
}

fn set_webhook(webhooks: &api::Webhooks, hook: ConfiguredWebhook) -> Result<(), Failure> {
    let ConfiguredWebhook { community, id, url, kinds, secret } = hook;
    let (actor, secret) = ("configuration".parse()?, Some(secret));
    let body = api::SetHookBody { actor, id, url, kinds, secret, after: None };
    match webhooks.set(&community, body) {
        Ok(_) => Ok(()),
        Err(problem) => {
            let (webhook, problem) = (id.to_string(), problem.english);
            Err(ServeError::Webhook { webhook, problem }.into())
        }
    }
}

async fn load_community(engine: &Engine, path: &Path) -> Result<(), Failure> {
    let failed =
        |problem: String| ServeError::Community { path: path.display().to_string(), problem };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let (id, commands) = community_file::read(&text).map_err(|error| failed(error.to_string()))?;
    let actor: ActorId = "community-file".parse()?;
    let loaded = community_file::load(engine, &id, &actor, commands).await;
    let loaded = loaded.map_err(|problem| failed(problem.english))?;
    tracing::info!(community = %id, changed = loaded.changed, "community loaded");
    Ok(())
}

/// Ctrl-C and the system's request to end, heard from [`Stop::listen`] on.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Listens from now on. A signal that comes before ends the process at once.
    ///
    /// # Errors
    /// What the system said.
    pub fn listen() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits until either has come since it listens.
    pub async fn wait(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
