//! Services of a cluster that an event log alone does not have. Each answers with a sentence that
//! says what to do instead.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    marker::PhantomData,
    task::{Context, Poll},
};

use tonic::{Status, body::Body, codegen::Service, codegen::http, server::NamedService};

/// A service that is not here.
pub(crate) trait Absent: Send + Sync + 'static {
    /// Its name on the wire.
    const NAME: &'static str;
    /// What to do instead.
    const ADVICE: &'static str;
}

pub(crate) struct Projections;

impl Absent for Projections {
    const NAME: &'static str = "event_store.client.projections.Projections";
    const ADVICE: &'static str = "this server has no projections: fold the events in the client, with a catch-up \
         subscription to $all that is filtered by stream name or event type; or move the log to a \
         KurrentDB cluster with `lastmeter migrate`";
}

pub(crate) struct Users;

impl Absent for Users {
    const NAME: &'static str = "event_store.client.users.Users";
    const ADVICE: &'static str = "this server keeps no users: whoever reaches its address may read. Put a proxy that signs \
         people in before it, or move the log to a KurrentDB cluster with `lastmeter migrate`";
}

pub(crate) struct Operations;

impl Absent for Operations {
    const NAME: &'static str = "event_store.client.operations.Operations";
    const ADVICE: &'static str = "this server is operated with the program that serves it: `lastmeter backup`, `verify` and \
         `migrate`. Nothing is scavenged, because the log keeps every event; persistent \
         subscriptions are restarted with RestartSubsystem of PersistentSubscriptions";
}

pub(crate) struct Monitoring;

impl Absent for Monitoring {
    const NAME: &'static str = "event_store.client.monitoring.Monitoring";
    const ADVICE: &'static str =
        "this server has no statistics: read those of the engine at /metrics of its HTTP address";
}

/// The younger service that appends to several streams at once.
pub(crate) struct MultiStream;

impl Absent for MultiStream {
    const NAME: &'static str = "kurrentdb.protocol.v2.streams.StreamsService";
    const ADVICE: &'static str = "this server appends to one stream at a time: use Append or BatchAppend of the service \
         event_store.client.streams.Streams, one call a stream";
}

/// Answers every call of an absent service.
pub(crate) struct Unsupported<A>(PhantomData<A>);

impl<A> Unsupported<A> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A> Clone for Unsupported<A> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<A: Absent> NamedService for Unsupported<A> {
    const NAME: &'static str = A::NAME;
}

impl<A: Absent> Service<http::Request<Body>> for Unsupported<A> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        ready(Ok(Status::unimplemented(A::ADVICE).into_http()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said<A: Absent>() -> String {
        let request = http::Request::new(Body::default());
        let response = Unsupported::<A>::new().call(request).await.unwrap();
        let status = Status::from_header_map(response.headers()).unwrap();
        assert_eq!(status.code(), tonic::Code::Unimplemented);
        status.message().to_owned()
    }

    #[tokio::test]
    async fn each_says_what_to_do_instead() {
        assert!(said::<Projections>().await.contains("catch-up subscription"));
        assert!(said::<Users>().await.contains("a proxy that signs people in"));
        assert!(said::<Operations>().await.contains("lastmeter backup"));
        assert!(said::<Monitoring>().await.contains("/metrics"));
        assert!(said::<MultiStream>().await.contains("one call a stream"));
    }
}
