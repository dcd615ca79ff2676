//! What a client asks before anything else: what the server can do, and where it is.

use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

use crate::{
    proto::client::{
        gossip::{ClusterInfo, EndPoint, MemberInfo, gossip_server, member_info::VNodeState},
        server_features::{SupportedMethod, SupportedMethods, server_features_server},
    },
    store::Clock,
    tcp::Ends,
    wire::IdForm,
};

/// The version whose protocol this is.
const VERSION: &str = "24.10.0";
const STREAMS: &str = "event_store.client.streams.streams";
const PERSISTENT: &str = "event_store.client.persistent_subscriptions.persistentsubscriptions";
const GOSSIP: &str = "event_store.client.gossip.gossip";

/// What the face answers to, with the features that clients look for.
const METHODS: [(&str, &str, &[&str]); 14] = [
    (STREAMS, "append", &[]),
    (STREAMS, "batchappend", &["deadline_duration"]),
    (STREAMS, "delete", &[]),
    (STREAMS, "read", &["position", "events"]),
    (STREAMS, "tombstone", &[]),
    (PERSISTENT, "create", &["stream", "all"]),
    (PERSISTENT, "update", &["stream", "all"]),
    (PERSISTENT, "delete", &["stream", "all"]),
    (PERSISTENT, "read", &["stream", "all"]),
    (PERSISTENT, "getinfo", &["stream", "all"]),
    (PERSISTENT, "list", &["stream", "all"]),
    (PERSISTENT, "replayparked", &["stream", "all"]),
    (PERSISTENT, "restartsubsystem", &[]),
    (GOSSIP, "read", &[]),
];

/// The service `ServerFeatures`.
#[derive(Clone)]
pub(crate) struct ServerFeatures;

#[async_trait]
impl server_features_server::ServerFeatures for ServerFeatures {
    async fn get_supported_methods(
        &self,
        _: Request<()>,
    ) -> Result<Response<SupportedMethods>, Status> {
        let methods = METHODS.iter().map(|(service, method, features)| SupportedMethod {
            method_name: (*method).to_owned(),
            service_name: (*service).to_owned(),
            features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        });
        let event_store_server_version = VERSION.to_owned();
        let methods = methods.collect();
        Ok(Response::new(SupportedMethods { methods, event_store_server_version }))
    }
}

/// The service `Gossip`: a cluster of one, which leads.
#[derive(Clone)]
pub(crate) struct Gossip {
    pub clock: Clock,
}

#[async_trait]
impl gossip_server::Gossip for Gossip {
    async fn read(&self, request: Request<()>) -> Result<Response<ClusterInfo>, Status> {
        // The address that the client has reached is one that it can reach.
        let local = request.extensions().get::<Ends>().and_then(|ends| ends.local);
        let local = local.ok_or_else(|| Status::unavailable("Server Is Not Ready"))?;
        let member = MemberInfo {
            instance_id: Some(IdForm::Text.write(Uuid::NAMESPACE_OID)),
            time_stamp: (self.clock)().as_second(),
            state: VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(EndPoint {
                address: local.ip().to_string(),
                port: local.port().into(),
            }),
        };
        Ok(Response::new(ClusterInfo { members: vec![member] }))
    }
}
