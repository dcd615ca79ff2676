//! Accepted connections that answer at once.
//!
//! The official Rust client does not set `TCP_NODELAY` and writes a request in several small
//! pieces; with delayed acknowledgements each call then waits 40 ms. Acknowledging at once must be
//! asked for again after every read, because the system falls back to delaying.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::Stream;
use tonic::transport::server::Connected;

/// The most connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a client may take to agree on encryption.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Where a connection has arrived, as requests tell it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub local: Option<SocketAddr>,
}

/// An accepted connection.
pub(crate) struct Connection {
    stream: Encryption,
    local: Option<SocketAddr>,
    _place: OwnedSemaphorePermit,
}

enum Encryption {
    None(Quick),
    Tls(Box<TlsStream<Quick>>),
}

/// A connection that acknowledges at once.
struct Quick(TcpStream);

/// The connections that are accepted, one after the other; with `tls`, when they are encrypted.
pub(crate) fn connections(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
) -> impl Stream<Item = io::Result<Connection>> {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let acceptor = tls.map(TlsAcceptor::from);
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            // A connection that failed while it was accepted is no reason to accept no more.
            let Ok((stream, _)) = accepted else { continue };
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            quick_ack(&stream);
            let local = stream.local_addr().ok();
            let stream = Quick(stream);
            let Some(acceptor) = acceptor.clone() else {
                let stream = Encryption::None(stream);
                if sender.send(Ok(Connection { stream, local, _place: place })).await.is_err() {
                    return;
                }
                continue;
            };
            // Nobody else waits for a client that is slow to agree.
            let sender = sender.clone();
            tokio::spawn(async move {
                let agreed = tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await;
                match agreed {
                    Ok(Ok(stream)) => {
                        let stream = Encryption::Tls(Box::new(stream));
                        let connection = Connection { stream, local, _place: place };
                        drop(sender.send(Ok(connection)).await);
                    }
                    Ok(Err(error)) => tracing::debug!(%error, "a client did not agree on TLS"),
                    Err(_) => tracing::debug!("a client was too slow to agree on TLS"),
                }
            });
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

/// Only Linux has it; elsewhere the calls are slower and as right.
fn quick_ack(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_quickack(true) {
        tracing::debug!(%error, "no quick acknowledgements");
    }
}

impl Connected for Connection {
    type ConnectInfo = Ends;

    fn connect_info(&self) -> Ends {
        Ends { local: self.local }
    }
}

impl AsyncRead for Quick {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(context, buffer);
        if read.is_ready() {
            quick_ack(&self.0);
        }
        read
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Encryption::None(stream) => Pin::new(stream).poll_read(context, buffer),
            Encryption::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

/// Passes writing on to what is inside.
macro_rules! write_through {
    ($outer:ty, $this:ident => $inner:expr) => {
        impl AsyncWrite for $outer {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $this = &mut *self;
                Pin::new($inner).poll_write(context, bytes)
            }

            fn poll_write_vectored(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $this = &mut *self;
                Pin::new($inner).poll_write_vectored(context, slices)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                let $this = &mut *self;
                Pin::new($inner).poll_flush(context)
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                let $this = &mut *self;
                Pin::new($inner).poll_shutdown(context)
            }
        }
    };
}

write_through!(Quick, this => &mut this.0);

impl Connection {
    fn writer(&mut self) -> &mut (dyn AsyncWrite + Unpin) {
        match &mut self.stream {
            Encryption::None(stream) => stream,
            Encryption::Tls(stream) => stream,
        }
    }
}

write_through!(Connection, this => this.writer());
