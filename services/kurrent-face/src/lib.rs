//! Serves any event log over the KurrentDB protocol, so that an official client of any language
//! can read, follow and, where it may, write it.
//!
//! **It keeps nothing outside the log**, and **it writes to no stream of the engine**.

#![expect(clippy::result_large_err, reason = "an answer of tonic is a `Status`, as large as it is")]

mod cluster;
mod error;
mod feed;
mod filter;
mod metadata;
mod name;
mod page;
mod persistent;
mod proto;
mod stamp;
mod store;
mod streams;
mod tcp;
mod unsupported;
mod wire;

use std::{future::Future, net::SocketAddr, sync::Arc};

use event_log::EventLog;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::transport::Server;

use crate::{
    cluster::{Gossip, ServerFeatures},
    name::Names,
    persistent::PersistentSubscriptions,
    proto::client::{
        gossip::gossip_server::GossipServer,
        persistent_subscriptions::persistent_subscriptions_server::PersistentSubscriptionsServer,
        server_features::server_features_server::ServerFeaturesServer,
        streams::streams_server::StreamsServer,
    },
    store::Store,
    streams::{Streams, stopped},
    unsupported::{Monitoring, MultiStream, Operations, Projections, Unsupported, Users},
};
pub use crate::{name::Owned, store::Clock};

/// The most bytes of one append when nothing else is said, as the database has it.
pub const APPEND_BYTES_MAX: usize = 1024 * 1024;
/// The largest message, in either direction.
const MESSAGE_BYTES_MAX: usize = 17 * 1024 * 1024;

/// How a log is served.
pub struct Options {
    /// Tells the time.
    pub clock: Clock,
    /// Whether clients may write at all.
    pub writable: bool,
    /// Which streams are the engine's own; `None` when no engine uses the log.
    pub owned: Option<Owned>,
    /// The most bytes of one append.
    pub append_bytes_max: usize,
    /// Whose certificate is shown; `None` speaks in the clear.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// A log that is served.
pub struct Face {
    /// Where it is served.
    pub address: SocketAddr,
    stopping: watch::Sender<bool>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Face {
    /// Serves a log on a listener, until it is stopped.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn serve(
        log: Arc<dyn EventLog>,
        listener: TcpListener,
        options: Options,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stopping, stopped) = watch::channel(false);
        let serving = tokio::spawn(run(log, listener, options, stopped));
        Ok(Self { address, stopping, serving })
    }

    /// Ends subscriptions, lets open calls end and takes no more.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        if let Ok(Err(error)) = self.serving.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the face ended badly");
        }
    }
}

fn run(
    log: Arc<dyn EventLog>,
    listener: TcpListener,
    options: Options,
    stopping: watch::Receiver<bool>,
) -> impl Future<Output = Result<(), tonic::transport::Error>> + Send {
    let Options { clock, writable, owned, append_bytes_max, tls } = options;
    let names = Names::new(owned);
    let store = Arc::new(Store::new(log, names, Arc::clone(&clock), writable, append_bytes_max));
    let persistent = PersistentSubscriptions::new(Arc::clone(&store), stopping.clone());
    let streams = Streams { store, stopping: stopping.clone() };
    Server::builder()
        .add_service(ServerFeaturesServer::new(ServerFeatures))
        .add_service(GossipServer::new(Gossip { clock }))
        .add_service(
            StreamsServer::new(streams)
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(
            PersistentSubscriptionsServer::new(persistent)
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX),
        )
        .add_service(Unsupported::<Projections>::new())
        .add_service(Unsupported::<Users>::new())
        .add_service(Unsupported::<Operations>::new())
        .add_service(Unsupported::<Monitoring>::new())
        .add_service(Unsupported::<MultiStream>::new())
        .serve_with_incoming_shutdown(tcp::connections(listener, tls), stopped(stopping))
}
